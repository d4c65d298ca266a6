import { hostname } from "node:os";
import { createMemaClient } from "@mema/api/client";
import { readEnvironment } from "./env.ts";

/** For a container's health check: exit 0 when the server has lately heard from the worker of this machine, 1 with the reason when not. */
try {
  const { MEMA_URL: url, MEMA_SERVICE_KEY: apiKey, MEMA_WORKER_NAME: name } = readEnvironment();
  const { workers } = await createMemaClient({ url, apiKey }).worker.stats.query();
  const mine = workers.filter((worker) => (name === undefined ? worker.name.startsWith(`${hostname()}:`) : worker.name === name));
  if (!mine.some((worker) => worker.alive)) throw new Error("the server has not heard from this worker");
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
