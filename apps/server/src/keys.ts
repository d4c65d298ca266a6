import { createHash, randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { newServerKey } from "@mema/api";
import { newToken } from "@mema/db";
import { z } from "zod";
import type { ServerEnvironment } from "./env.ts";

const keyFile = z.object({ bootstrapKey: z.string(), adminKey: z.string(), serviceKey: z.string(), secretKey: z.string() });

export interface ServerSecrets {
  bootstrapKey: string;
  adminKey: string;
  serviceKey: string;
  /** 32 bytes that seal integration secrets. */
  secretKey: Uint8Array;
  /** Whether keys were made just now: the moment to show them. */
  generated: boolean;
  file: string;
}

/** The keys from the environment; what is not given is generated once into the data folder (mode 0600) and read from there later. */
export function loadSecrets(environment: ServerEnvironment): ServerSecrets {
  const file = join(environment.MEMA_DATA_DIR, "keys.json");
  const generated = !existsSync(file);
  if (generated) {
    mkdirSync(environment.MEMA_DATA_DIR, { recursive: true, mode: 0o700 });
    const made: z.infer<typeof keyFile> = {
      bootstrapKey: newToken(),
      adminKey: newServerKey("admin"),
      serviceKey: newServerKey("service"),
      secretKey: randomBytes(32).toString("base64url"),
    };
    writeFileSync(`${file}.new`, `${JSON.stringify(made, null, 2)}\n`, { mode: 0o600 });
    renameSync(`${file}.new`, file);
  }
  const stored = keyFile.parse(JSON.parse(readFileSync(file, "utf8")));
  const secret = environment.MEMA_SECRET_KEY ?? stored.secretKey;
  return {
    bootstrapKey: environment.MEMA_BOOTSTRAP_KEY ?? stored.bootstrapKey,
    adminKey: environment.MEMA_ADMIN_KEY ?? stored.adminKey,
    serviceKey: environment.MEMA_SERVICE_KEY ?? stored.serviceKey,
    // Any long random string will do as MEMA_SECRET_KEY: the cipher's key is its hash.
    secretKey: createHash("sha256").update(secret).digest(),
    generated,
    file,
  };
}
