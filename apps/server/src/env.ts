import { z } from "zod";

const flag = z.enum(["0", "1", "true", "false"]).transform((value) => value === "1" || value === "true");
const key = z.string().min(24, "must have at least 24 characters: use a random one");

const environment = z.object({
  HOST: z.string().default("127.0.0.1"),
  PORT: z.coerce.number().int().min(0).max(65_535).default(8787),
  MEMA_DATA_DIR: z.string().default(".mema"),
  DATABASE_URL: z.string().optional(),
  MEMA_APP_URL: z.string().optional(),
  MEMA_WORKER_URL: z.string().optional(),
  MEMA_AUTH_URL: z.string().optional(),
  MEMA_LISTEN_URL: z.string().optional(),
  MEMA_POOL_SIZE: z.coerce.number().int().min(1).max(500).default(20),
  MEMA_PREPARE: flag.default(true),
  MEMA_BOOTSTRAP_KEY: key.optional(),
  MEMA_ADMIN_KEY: key.optional(),
  MEMA_SERVICE_KEY: key.optional(),
  MEMA_SECRET_KEY: key.optional(),
  MEMA_WORKER: z.enum(["on", "off"]).default("on"),
  MEMA_ALLOW_PRIVATE_WEBHOOKS: flag.default(false),
  MEMA_MESSAGES_PER_HOUR: z.coerce.number().int().min(1).default(100),
  LOG_LEVEL: z.enum(["debug", "info", "warn", "error", "silent"]).default("info"),
});

export type ServerEnvironment = z.infer<typeof environment>;

/** The server's settings. Throws an Error that names each wrong variable. */
export function readEnvironment(variables: NodeJS.ProcessEnv = process.env): ServerEnvironment {
  const given = Object.fromEntries(Object.entries(variables).filter(([, value]) => value !== ""));
  const parsed = environment.safeParse(given);
  if (!parsed.success) {
    throw new Error(`Wrong settings:\n${parsed.error.issues.map((issue) => `  ${issue.path.join(".")}: ${issue.message}`).join("\n")}`);
  }
  const { MEMA_APP_URL: app, MEMA_WORKER_URL: worker, MEMA_AUTH_URL: auth } = parsed.data;
  if ([app, worker, auth].some((url) => url !== undefined) && [app, worker, auth].includes(undefined)) {
    throw new Error("Wrong settings:\n  MEMA_APP_URL, MEMA_WORKER_URL and MEMA_AUTH_URL: set all three or none");
  }
  return parsed.data;
}
