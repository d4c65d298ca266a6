import { randomBytes } from "node:crypto";
import { createDatabase, dropDatabase } from "@mema/db";
import { z } from "zod";

export interface ThrowawayDatabase {
  description: string;
  /** What the server's environment needs in order to use it. */
  environment: Record<string, string>;
  drop(): Promise<void>;
}

/** A database of its own for the demo: on the PostgreSQL of DATABASE_URL (which needs CREATEDB), else embedded in the data folder. */
export async function throwawayDatabase(): Promise<ThrowawayDatabase> {
  const { DATABASE_URL: owner } = z.object({ DATABASE_URL: z.string().optional() }).parse(process.env);
  const production = { MEMA_APP_URL: "", MEMA_WORKER_URL: "", MEMA_AUTH_URL: "", MEMA_BOOTSTRAP_KEY: "", MEMA_ADMIN_KEY: "" };
  if (owner === undefined || owner === "") {
    return { description: "the embedded database", environment: { ...production, DATABASE_URL: "" }, drop: async () => {} };
  }
  const name = `mema_demo_${randomBytes(6).toString("hex")}`;
  const url = await createDatabase(owner, name);
  return { description: "PostgreSQL", environment: { ...production, DATABASE_URL: url }, drop: () => dropDatabase(owner, name) };
}
