import { z } from "zod";

const environment = z.object({
  NODE_ENV: z.string().optional(),
  VITEST: z.string().optional(),
  DATABASE_URL: z.string().optional(),
  MEMA_APP_URL: z.string().optional(),
  MEMA_WORKER_URL: z.string().optional(),
  MEMA_AUTH_URL: z.string().optional(),
  MEMA_APP_PASSWORD: z.string().optional(),
  MEMA_WORKER_PASSWORD: z.string().optional(),
  MEMA_AUTH_PASSWORD: z.string().optional(),
  MEMA_DATA_DIR: z.string().default(".mema"),
});

/** The environment variables that the database layer reads, and nothing else of the environment. */
export function readDatabaseEnvironment(variables: NodeJS.ProcessEnv = process.env) {
  const parsed = environment.parse(variables);
  const runtime =
    parsed.MEMA_APP_URL !== undefined && parsed.MEMA_WORKER_URL !== undefined && parsed.MEMA_AUTH_URL !== undefined
      ? { app: parsed.MEMA_APP_URL, worker: parsed.MEMA_WORKER_URL, auth: parsed.MEMA_AUTH_URL }
      : null;
  return {
    testMode: parsed.NODE_ENV === "test" || parsed.VITEST !== undefined,
    ownerUrl: parsed.DATABASE_URL ?? null,
    runtime,
    passwords: { mema_app: parsed.MEMA_APP_PASSWORD, mema_worker: parsed.MEMA_WORKER_PASSWORD, mema_auth: parsed.MEMA_AUTH_PASSWORD },
    dataDir: parsed.MEMA_DATA_DIR,
  };
}
