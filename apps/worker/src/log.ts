import { pino } from "pino";
import pretty from "pino-pretty";

/** What the worker writes: ids, codes and counts, never a user's text. */
export interface WorkerLog {
  debug(fields: Record<string, unknown>, message: string): void;
  info(fields: Record<string, unknown>, message: string): void;
  warn(fields: Record<string, unknown>, message: string): void;
  error(fields: Record<string, unknown>, message: string): void;
}

/** Readable lines on a terminal, JSON otherwise. */
export function createLog(level: string, terminal = process.stdout.isTTY): WorkerLog {
  const options = { level, base: { process: "worker" } };
  return terminal
    ? pino(
        options,
        pretty({ colorize: true, ignore: "pid,hostname,process", messageFormat: "worker: {msg}", translateTime: "HH:MM:ss", sync: true }),
      )
    : pino(options);
}
