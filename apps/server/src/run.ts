import { placeOf } from "@mema/api";
import { asAppError, sqlState } from "@mema/db";
import { AppError } from "@mema/shared";
import { readEnvironment } from "./env.ts";
import { createLog } from "./log.ts";
import { type RunningServer, startServer } from "./start-server.ts";
import { buildPage } from "./static-files.ts";

/** For people at a terminal. Keys from the environment are known already and never shown. */
function announcement({ url, database, secrets, firstStart, workerPid }: RunningServer): string {
  const lines = [
    "",
    "Mema is ready.",
    `  API       ${url}/trpc`,
    `  Web       ${url}/`,
    `  Database  ${database}`,
    `  Worker    ${workerPid === undefined ? "off (MEMA_WORKER=off)" : `supervised, pid ${workerPid}`}`,
    `  Keys      ${secrets.file ?? "from the environment"}`,
    "",
  ];
  if (firstStart && secrets.fromFile.bootstrapKey) lines.push(`API key: ${secrets.bootstrapKey}`);
  if (firstStart && secrets.fromFile.adminKey) lines.push(`Admin key: ${secrets.adminKey}`);
  if (firstStart && secrets.fromFile.bootstrapKey && process.stdout.isTTY)
    lines.push("", `Sign in with this link: ${url}/#key=${secrets.bootstrapKey}`);
  return lines.join("\n");
}

/** Only words that were written for people: a driver's message may hold values. */
function explain(error: unknown): string {
  if (error instanceof AppError) return error.message;
  const state = sqlState(error) ?? "";
  if (state.startsWith("28")) return "The database refused the login: check the user and password of DATABASE_URL or the MEMA_*_URLs.";
  if (state === "3D000") return "The database does not exist: create it, or correct DATABASE_URL or the MEMA_*_URLs.";
  const app = asAppError(error);
  if (app.code === "UNAVAILABLE") return `The database cannot be reached (${state}): check DATABASE_URL or the MEMA_*_URLs.`;
  const name = error instanceof Error ? `${error.name} ${state} ${placeOf(error) ?? ""}` : "unknown";
  return `${app.message} (${name.trim()})`;
}

/** Runs the server until it is told to stop; a start that fails is explained and ends the process with exit code 1. */
export async function run(): Promise<void> {
  try {
    const environment = readEnvironment();
    const log = createLog(environment.LOG_LEVEL);
    const onDefect = (error: unknown) => {
      const about = error instanceof Error ? { error: error.name, sqlState: sqlState(error), place: placeOf(error) } : {};
      log.fatal(about, "a defect ended the server");
      process.exit(1);
    };
    process.on("uncaughtException", onDefect);
    process.on("unhandledRejection", onDefect);
    const [running, built] = await Promise.all([startServer(environment, log), buildPage()]);
    if (!built) log.warn({}, "the web page could not be built; everything else works");
    console.log(announcement(running));
  } catch (error) {
    console.error(explain(error));
    process.exit(1);
  }
}
