import { z } from "zod";

/** What the database layer and the db:* commands read of the environment. The descriptions are what docs/reference.md prints. */
export const databaseEnvironment = z.object({
  NODE_ENV: z.string().optional().describe("`test` makes pools small"),
  VITEST: z.string().optional().describe("Set by the test runner; the same"),
  DATABASE_URL: z.string().optional().describe("The owner's connection"),
  MEMA_APP_URL: z.string().optional().describe("The runtime login mema_app"),
  MEMA_WORKER_URL: z.string().optional().describe("The runtime login mema_worker"),
  MEMA_AUTH_URL: z.string().optional().describe("The runtime login mema_auth"),
  MEMA_APP_PASSWORD: z.string().optional().describe("The password that db:migrate gives mema_app; derived from the owner's unless given"),
  MEMA_WORKER_PASSWORD: z.string().optional().describe("The same for mema_worker"),
  MEMA_AUTH_PASSWORD: z.string().optional().describe("The same for mema_auth"),
  MEMA_REPLICA_URL: z
    .url()
    .optional()
    .describe("A read replica, as the login mema_app: reads of users who wrote nothing for 10 s go there"),
  MEMA_BINDING: z
    .enum(["set_local", "set_config"])
    .default("set_local")
    .describe("By which statement a transaction is bound to its user: `set_local` or `set_config`"),
  MEMA_SECRET_KEY: z.string().optional().describe("For db:rotate-secrets: the key that integration secrets are sealed with from now on"),
  MEMA_OLD_SECRET_KEY: z.string().optional().describe("For db:rotate-secrets: the key until now"),
  MEMA_DATA_DIR: z.string().default(".mema").describe("Folder of the embedded database, without DATABASE_URL"),
});

/** The environment variables that the database layer reads, and nothing else of the environment. */
export function readDatabaseEnvironment(variables: NodeJS.ProcessEnv = process.env) {
  const parsed = databaseEnvironment.parse(variables);
  const runtime =
    parsed.MEMA_APP_URL !== undefined && parsed.MEMA_WORKER_URL !== undefined && parsed.MEMA_AUTH_URL !== undefined
      ? { app: parsed.MEMA_APP_URL, worker: parsed.MEMA_WORKER_URL, auth: parsed.MEMA_AUTH_URL }
      : null;
  return {
    testMode: parsed.NODE_ENV === "test" || parsed.VITEST !== undefined,
    ownerUrl: parsed.DATABASE_URL ?? null,
    runtime,
    passwords: { mema_app: parsed.MEMA_APP_PASSWORD, mema_worker: parsed.MEMA_WORKER_PASSWORD, mema_auth: parsed.MEMA_AUTH_PASSWORD },
    replicaUrl: parsed.MEMA_REPLICA_URL,
    binding: parsed.MEMA_BINDING,
    secretKey: parsed.MEMA_SECRET_KEY,
    oldSecretKey: parsed.MEMA_OLD_SECRET_KEY,
    dataDir: parsed.MEMA_DATA_DIR,
  };
}
