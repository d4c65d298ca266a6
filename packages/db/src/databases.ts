import { setTimeout as delay } from "node:timers/promises";
import { AppError } from "@mema/shared";
import postgres from "postgres";
import { sqlState } from "./errors.ts";

const safeName = /^[a-z][a-z0-9_]{0,62}$/;

async function onServer(ownerUrl: string, statement: string): Promise<void> {
  const owner = postgres(ownerUrl, { max: 1, onnotice: () => {} });
  try {
    await owner.unsafe(statement);
  } finally {
    await owner.end({ timeout: 1 });
  }
}

/** Creates a database beside the owner's, as a copy of `template`, and returns its URL. PRECONDITION_FAILED when the owner lacks CREATEDB. */
export async function createDatabase(ownerUrl: string, name: string, template = "template1"): Promise<string> {
  if (!safeName.test(name)) throw new AppError("BAD_REQUEST", `"${name}" is no name for a database: use a-z, 0-9 and _`);
  try {
    await onServer(ownerUrl, `create database ${name} template ${template}`);
  } catch (cause) {
    if (sqlState(cause) !== "42501") throw cause;
    throw new AppError(
      "PRECONDITION_FAILED",
      "The owner in DATABASE_URL may not create databases: run `alter role ... createdb` once, as superuser.",
      { cause },
    );
  }
  return Object.assign(new URL(ownerUrl), { pathname: `/${name}` }).href;
}

/** Drops a database that `createDatabase` made, with whoever is still connected to it. */
export async function dropDatabase(ownerUrl: string, name: string): Promise<void> {
  if (!safeName.test(name)) throw new AppError("BAD_REQUEST", `"${name}" is no name for a database: use a-z, 0-9 and _`);
  for (let attempt = 1; ; attempt++) {
    try {
      await onServer(ownerUrl, `drop database if exists ${name} with (force)`);
      return;
    } catch (error) {
      // An autovacuum worker that is just there is the superuser's, and the owner may not end it: it goes by itself.
      if (sqlState(error) !== "42501" || attempt === 100) throw error;
      await delay(100);
    }
  }
}
