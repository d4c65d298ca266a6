import { AppError } from "@mema/shared";
import { readEnvironment } from "./env.ts";
import { createLog } from "./log.ts";
import { startServer } from "./start-server.ts";

try {
  const environment = readEnvironment();
  const log = createLog(environment.LOG_LEVEL);
  const { url, database, secrets, workerPid } = await startServer(environment, log);
  const lines = [
    "",
    "Mema is ready.",
    `  API       ${url}/trpc`,
    `  Web       ${url}/`,
    `  Database  ${database}`,
    `  Worker    ${workerPid === undefined ? "off (MEMA_WORKER=off)" : `supervised, pid ${workerPid}`}`,
    `  Keys      ${secrets.file}`,
    "",
  ];
  if (secrets.generated) lines.push(`API key: ${secrets.bootstrapKey}`, `Admin key: ${secrets.adminKey}`, "");
  console.log(lines.join("\n"));
} catch (error) {
  // Only what was written for people: a driver's message may hold values, a stack helps nobody here.
  console.error(error instanceof AppError || error instanceof Error ? error.message : String(error));
  process.exit(1);
}
