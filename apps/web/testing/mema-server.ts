import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const program = fileURLToPath(new URL("../../server/src/main.ts", import.meta.url));

export interface MemaServer {
  url: string;
  userKey: string;
  adminKey: string;
  stop(): Promise<void>;
}

export interface MemaServerOptions {
  /** Kept between starts when given; else made for this server and removed with it. */
  dataDir?: string;
  port?: number;
  keys?: { userKey: string; adminKey: string };
  worker?: boolean;
  /** Further settings. */
  environment?: Record<string, string>;
}

export const newKeys = () => ({
  userKey: `mema_${randomBytes(32).toString("base64url")}`,
  adminKey: `mema_admin_${randomBytes(32).toString("base64url")}`,
});

/** A real server in its own process on an embedded database, as `npm start` runs it. */
export async function startMemaServer({
  dataDir,
  port = 0,
  keys = newKeys(),
  worker = true,
  environment: more = {},
}: MemaServerOptions = {}): Promise<MemaServer> {
  const folder = dataDir ?? (await mkdtemp(join(tmpdir(), "mema-web-")));
  const { DATABASE_URL: _database, ...environment } = process.env;
  const child = spawn(process.execPath, [program], {
    env: {
      ...environment,
      ...more,
      PORT: String(port),
      MEMA_DATA_DIR: folder,
      MEMA_BOOTSTRAP_KEY: keys.userKey,
      MEMA_ADMIN_KEY: keys.adminKey,
      MEMA_WORKER: worker ? "on" : "off",
      MEMA_ALLOW_PRIVATE_WEBHOOKS: "1",
      LOG_LEVEL: "warn",
    },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const exited = new Promise<void>((resolve) => {
    child.once("exit", () => resolve());
  });
  const stop = async () => {
    child.kill("SIGTERM");
    await exited;
    if (dataDir === undefined) await rm(folder, { recursive: true, force: true });
  };
  for await (const line of createInterface({ input: child.stdout })) {
    const [, url] = /^\s+Web\s+(http:\/\/\S+?)\/?$/.exec(line) ?? [];
    if (url !== undefined) {
      child.stdout.resume();
      return { url, ...keys, stop };
    }
  }
  await stop();
  throw new Error("the server ended before it was ready");
}
