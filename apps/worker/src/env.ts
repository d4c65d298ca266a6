import { z } from "zod";

const environment = z.object({
  MEMA_URL: z.url("must be the server's address, such as http://127.0.0.1:8787"),
  MEMA_SERVICE_KEY: z.string().min(1, "must be the server's service key"),
  MEMA_WORKER_NAME: z.string().max(200).optional(),
  MEMA_WORKER_CONCURRENCY: z.coerce.number().int().min(1).max(1_000).default(100),
  MEMA_WORKER_LEASE_SECONDS: z.coerce.number().int().min(5).max(300).default(30),
  LOG_LEVEL: z.enum(["debug", "info", "warn", "error", "silent"]).default("info"),
});

export type WorkerEnvironment = z.infer<typeof environment>;

/** The worker's settings. Throws an Error that names each wrong variable. */
export function readEnvironment(variables: NodeJS.ProcessEnv = process.env): WorkerEnvironment {
  const given = Object.fromEntries(Object.entries(variables).filter(([, value]) => value !== ""));
  const parsed = environment.safeParse(given);
  if (parsed.success) return parsed.data;
  throw new Error(`Wrong settings:\n${parsed.error.issues.map((issue) => `  ${issue.path.join(".")}: ${issue.message}`).join("\n")}`);
}
