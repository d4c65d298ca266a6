import type { MailSettings } from "@mema/api";
import { AppError } from "@mema/shared";
import { parseMailbox, parseSmtpUrl } from "@mema/shared/mail";
import { z } from "zod";

const flag = z.enum(["0", "1", "true", "false"]).transform((value) => value === "1" || value === "true");
const key = z.string().min(24, "must have at least 24 characters: use a random one").regex(/^\S+$/, "must not hold white space");
const databaseUrl = z
  .string()
  .refine(
    (value) => URL.canParse(value) && /^postgres(ql)?:$/.test(new URL(value).protocol),
    "must be postgres://USER:PASSWORD@HOST/DATABASE",
  );

/** What the server reads of the environment. The descriptions are what docs/reference.md prints. */
export const serverEnvironment = z.object({
  HOST: z.string().default("127.0.0.1").describe("Address to listen at; 0.0.0.0 for all"),
  PORT: z.coerce.number().int().min(0).max(65_535).default(8787).describe("Port to listen at; 0 takes a free one"),
  MEMA_DATA_DIR: z.string().default(".mema").describe("Folder of the embedded database and of generated keys"),
  DATABASE_URL: databaseUrl.optional().describe("The owner's connection: migrations run over it, nothing is served over it"),
  MEMA_APP_URL: databaseUrl
    .optional()
    .describe("Production: the login mema_app. With the next two: no migration, and DATABASE_URL is not looked at"),
  MEMA_WORKER_URL: databaseUrl.optional().describe("Production: the login mema_worker, used by the server for the claim"),
  MEMA_AUTH_URL: databaseUrl.optional().describe("Production: the login mema_auth, used to look credentials up"),
  MEMA_LISTEN_URL: databaseUrl.optional().describe("A direct connection for LISTEN, past a pooler; MEMA_APP_URL unless given"),
  MEMA_POOL_SIZE: z.coerce.number().int().min(1).max(500).default(20).describe("Most connections of the application's pool"),
  MEMA_PREPARE: flag.default(true).describe("Prepared statements; 0 behind a pooler that cannot keep them"),
  MEMA_BOOTSTRAP_KEY: key.optional().describe("The first user's key; generated into the data folder unless given"),
  MEMA_ADMIN_KEY: key.optional().describe("The operator's key; generated unless given"),
  MEMA_SERVICE_KEY: key.optional().describe("The workers' key; generated unless given"),
  MEMA_SECRET_KEY: key.optional().describe("Encrypts integration secrets; generated unless given"),
  MEMA_WORKER: z.enum(["on", "off"]).default("on").describe("Whether the server keeps a worker process running"),
  MEMA_ALLOW_PRIVATE_WEBHOOKS: flag.default(false).describe("Allows webhooks to private addresses: for local tests"),
  MEMA_SMTP_URL: z
    .string()
    .refine((value) => parseSmtpUrl(value) !== null, "must be smtps://USER:PASSWORD@HOST or smtp://HOST:PORT, with percent-encoded parts")
    .optional()
    .describe("The mail server for e-mail channels: smtps, or smtp with STARTTLS, which a password always waits for; none, no e-mail"),
  MEMA_MAIL_FROM: z
    .string()
    .refine((value) => parseMailbox(value) !== null, "must be an address, such as Mema <reminders@example.org>")
    .optional()
    .describe("Who the mails are from, such as `Mema <reminders@example.org>`"),
  MEMA_TRUST_PROXY: z.coerce
    .number()
    .int()
    .min(0)
    .max(10)
    .default(0)
    .describe("How many proxies of one's own stand in front: a client's address is then read from X-Forwarded-For"),
  MEMA_MESSAGES_PER_HOUR: z.coerce.number().int().min(1).default(100).describe("How many messages a user may send in an hour"),
  MEMA_EMBEDDINGS_URL: z
    .url({ protocol: /^https?$/ })
    .optional()
    .describe("Recall by meaning: any endpoint with OpenAI's form of /embeddings, named without that last part; absent: words alone"),
  MEMA_EMBEDDINGS_MODEL: z.string().default("text-embedding-3-small").describe("The model asked for; another one embeds everything anew"),
  MEMA_EMBEDDINGS_API_KEY: z.string().optional().describe("Sent to that endpoint; local ones mostly need none"),
  MEMA_EMBEDDINGS_DIMENSIONS: z.coerce
    .number()
    .int()
    .min(1)
    .max(1_536)
    .optional()
    .describe("How many numbers to ask for; absent: as many as the model gives, at most 1,536"),
  LOG_LEVEL: z.enum(["debug", "info", "warn", "error", "silent"]).default("info").describe("What is logged"),
});

export type ServerEnvironment = z.infer<typeof serverEnvironment>;

/** The server's settings. Throws PRECONDITION_FAILED that names each wrong variable, and never its value. */
export function readEnvironment(variables: NodeJS.ProcessEnv = process.env): ServerEnvironment {
  const given = Object.fromEntries(Object.entries(variables).filter(([, value]) => value !== ""));
  const parsed = serverEnvironment.safeParse(given);
  if (!parsed.success) throw wrong(parsed.error.issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`));
  const { MEMA_APP_URL: app, MEMA_WORKER_URL: worker, MEMA_AUTH_URL: auth } = parsed.data;
  if ([app, worker, auth].some((url) => url !== undefined) && [app, worker, auth].includes(undefined)) {
    throw wrong(["MEMA_APP_URL, MEMA_WORKER_URL and MEMA_AUTH_URL: set all three or none"]);
  }
  if ((parsed.data.MEMA_SMTP_URL === undefined) !== (parsed.data.MEMA_MAIL_FROM === undefined)) {
    throw wrong(["MEMA_SMTP_URL and MEMA_MAIL_FROM: set both or none"]);
  }
  const { MEMA_BOOTSTRAP_KEY, MEMA_ADMIN_KEY, MEMA_SERVICE_KEY } = parsed.data;
  const keys = [MEMA_BOOTSTRAP_KEY, MEMA_ADMIN_KEY, MEMA_SERVICE_KEY].filter((value) => value !== undefined);
  if (new Set(keys).size < keys.length) {
    throw wrong([
      "MEMA_BOOTSTRAP_KEY, MEMA_ADMIN_KEY and MEMA_SERVICE_KEY: two are the same, and each opens something else: give each its own",
    ]);
  }
  return parsed.data;
}

/** How this server sends e-mail; null when it does not. */
export function mailSettings({ MEMA_SMTP_URL: url = "", MEMA_MAIL_FROM: mailbox = "" }: ServerEnvironment): MailSettings | null {
  const [server, from] = [parseSmtpUrl(url), parseMailbox(mailbox)];
  return server === null || from === null ? null : { server, from };
}

const wrong = (problems: string[]) =>
  new AppError("PRECONDITION_FAILED", `Wrong settings:\n${problems.map((problem) => `  ${problem}`).join("\n")}`);
