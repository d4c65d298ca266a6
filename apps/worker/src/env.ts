import { z } from "zod";

/** What the worker reads of the environment. The descriptions are what docs/reference.md prints. */
export const workerEnvironment = z.object({
  MEMA_URL: z.url("must be the server's address, such as http://127.0.0.1:8787").describe("The server's address"),
  MEMA_SERVICE_KEY: z.string().min(1, "must be the server's service key").describe("The server's service key"),
  MEMA_WORKER_NAME: z.string().max(200).optional().describe("How it shows in worker.stats; host name and pid unless given"),
  MEMA_WORKER_CONCURRENCY: z.coerce.number().int().min(1).max(1_000).default(500).describe("How many deliveries are in flight at once"),
  MEMA_WORKER_LEASE_SECONDS: z.coerce.number().int().min(5).max(300).default(30).describe("How long a claim holds without a heartbeat"),
  LOG_LEVEL: z.enum(["debug", "info", "warn", "error", "silent"]).default("info").describe("What is logged"),
});

export type WorkerEnvironment = z.infer<typeof workerEnvironment>;

/** The worker's settings. Throws an Error that names each wrong variable. */
export function readEnvironment(variables: NodeJS.ProcessEnv = process.env): WorkerEnvironment {
  const given = Object.fromEntries(Object.entries(variables).filter(([, value]) => value !== ""));
  const parsed = workerEnvironment.safeParse(given);
  if (parsed.success) return parsed.data;
  throw new Error(`Wrong settings:\n${parsed.error.issues.map((issue) => `  ${issue.path.join(".")}: ${issue.message}`).join("\n")}`);
}
