import { createHash, randomBytes } from "node:crypto";
import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { newServerKey } from "@mema/api";
import { newToken } from "@mema/db";
import { AppError } from "@mema/shared";
import { z } from "zod";
import type { ServerEnvironment } from "./env.ts";

const keyFile = z.object({ bootstrapKey: z.string(), adminKey: z.string(), serviceKey: z.string(), secretKey: z.string() });
type StoredKeys = z.infer<typeof keyFile>;

export interface ServerSecrets {
  bootstrapKey: string;
  adminKey: string;
  serviceKey: string;
  /** 32 bytes that seal integration secrets. */
  secretKey: Uint8Array;
  /** Which of the two keys for people are from the file: only those may be shown. */
  fromFile: { bootstrapKey: boolean; adminKey: boolean };
  /** Where the generated keys are; null when all came from the environment and nothing was written. */
  file: string | null;
}

/** The keys from the environment; what is not given is generated once into the data folder (mode 0600) and read from there later. */
export function loadSecrets(environment: ServerEnvironment): ServerSecrets {
  const path = join(environment.MEMA_DATA_DIR, "keys.json");
  let stored: StoredKeys | null = null;
  const fromFile = (name: keyof StoredKeys) => (stored ??= readOrCreate(environment.MEMA_DATA_DIR, path))[name];
  const secret = environment.MEMA_SECRET_KEY ?? fromFile("secretKey");
  return {
    bootstrapKey: environment.MEMA_BOOTSTRAP_KEY ?? fromFile("bootstrapKey"),
    adminKey: environment.MEMA_ADMIN_KEY ?? fromFile("adminKey"),
    serviceKey: environment.MEMA_SERVICE_KEY ?? fromFile("serviceKey"),
    // Any long random string will do as MEMA_SECRET_KEY: the cipher's key is its hash.
    secretKey: createHash("sha256").update(secret).digest(),
    fromFile: { bootstrapKey: environment.MEMA_BOOTSTRAP_KEY === undefined, adminKey: environment.MEMA_ADMIN_KEY === undefined },
    file: stored === null ? null : path,
  };
}

function readOrCreate(folder: string, path: string): StoredKeys {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const made: StoredKeys = {
    bootstrapKey: newToken(),
    adminKey: newServerKey("admin"),
    serviceKey: newServerKey("service"),
    secretKey: randomBytes(32).toString("base64url"),
  };
  // Written whole under another name, then linked: of two processes that start at once, both go on with the keys of the first.
  const draft = `${path}.${process.pid}`;
  writeFileSync(draft, `${JSON.stringify(made, null, 2)}\n`, { mode: 0o600, flag: "w" });
  try {
    linkSync(draft, path);
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
  } finally {
    rmSync(draft, { force: true });
  }
  try {
    return keyFile.parse(JSON.parse(readFileSync(path, "utf8")));
  } catch (cause) {
    throw new AppError(
      "PRECONDITION_FAILED",
      `The keys in ${path} cannot be read: restore the file from a backup. Without its secretKey, what was sealed with it is lost.`,
      { cause },
    );
  }
}
