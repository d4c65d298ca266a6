export { createApp } from "./app.ts";
export { serverEnvironment } from "./env.ts";
export { gracefulShutdown, type ShutdownSteps } from "./graceful-shutdown.ts";
export { startServer, type RunningServer } from "./start-server.ts";
