export { type Channels, createChannels } from "./channels/index.ts";
export type { Channel, SendContext, SendResult } from "./channels/channel.ts";
export { workerEnvironment } from "./env.ts";
export { createLog, type WorkerLog } from "./log.ts";
export { Worker, type WorkerOptions } from "./worker.ts";
export { overHttp, type WorkerApi } from "./worker-api.ts";
