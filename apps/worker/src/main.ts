import { hostname } from "node:os";
import { createMemaClient } from "@mema/api/client";
import { createChannels } from "./channels/index.ts";
import { readEnvironment } from "./env.ts";
import { createLog } from "./log.ts";
import { traceHeaders } from "./tracing.ts";
import { Worker } from "./worker.ts";
import { overHttp } from "./worker-api.ts";

try {
  const environment = readEnvironment();
  const log = createLog(environment.LOG_LEVEL);
  const worker = new Worker({
    api: overHttp(createMemaClient({ url: environment.MEMA_URL, apiKey: environment.MEMA_SERVICE_KEY, headers: traceHeaders })),
    channels: createChannels(log),
    log,
    name: environment.MEMA_WORKER_NAME ?? `${hostname()}:${process.pid}`,
    concurrency: environment.MEMA_WORKER_CONCURRENCY,
    leaseSeconds: environment.MEMA_WORKER_LEASE_SECONDS,
  });
  let signals = 0;
  const onSignal = (signal: string): void => {
    signals += 1;
    if (signals > 1) {
      worker.abort();
      // What is given back at once gets a moment; what is not is found by its lapsed lease.
      setTimeout(() => process.exit(1), 500);
      return;
    }
    log.info({ signal, inFlight: worker.inFlight }, "stopping: finishing what is in flight");
    void worker.stop().then(() => process.exit(signals > 1 ? 1 : 0));
  };
  process.on("SIGTERM", onSignal);
  // Started by the server: it passes on what a terminal sends to both, and the end of its channel is its own end.
  if (process.connected) process.on("disconnect", () => onSignal("disconnect")).on("SIGINT", () => {});
  else process.on("SIGINT", onSignal);
  log.info({ workerId: worker.id }, "worker started");
  await worker.run();
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  process.exit(1);
}
