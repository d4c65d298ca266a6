import { pino } from "pino";
import pretty from "pino-pretty";

/** Readable lines on a terminal, JSON otherwise. Ids and codes only: nothing here ever sees a user's text. */
export function createLog(level: string, terminal = process.stdout.isTTY) {
  const options = { level, base: null, redact: ["authorization", "*.authorization", "apiKey", "*.apiKey"] };
  return terminal
    ? pino(options, pretty({ colorize: true, ignore: "pid,hostname", translateTime: "HH:MM:ss", sync: true }))
    : pino(options);
}

export type ServerLog = ReturnType<typeof createLog>;
