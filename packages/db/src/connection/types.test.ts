import type { PostgresJsDatabase } from "drizzle-orm/postgres-js";
import type { Sql } from "postgres";
import { expectTypeOf, test } from "vitest";
import type { createFactRepository } from "../facts.repository.ts";
import type { savepoint, SignInTransaction, UserTransaction, WorkerTransaction, withUser } from "./access.ts";
import type { Queries, Schema } from "./queries.ts";

type Accepted = Parameters<typeof createFactRepository>[0];

// The compiler checks these (`npm run typecheck`); running them does nothing.
test("a repository takes the proof of whose data it is about, and nothing that could stand in for it", () => {
  expectTypeOf<UserTransaction>().toExtend<Accepted>();
  expectTypeOf<PostgresJsDatabase<Schema>>().not.toExtend<Accepted>();
  expectTypeOf<PostgresJsDatabase<Schema> & { userId: string; signal: Queries["signal"] }>().not.toExtend<Accepted>();
  expectTypeOf<Queries & { userId: string }>().not.toExtend<Accepted>();
  expectTypeOf<WorkerTransaction & { userId: string }>().not.toExtend<Accepted>();
  expectTypeOf<SignInTransaction & { userId: string }>().not.toExtend<Accepted>();
  expectTypeOf<Sql>().not.toExtend<Accepted>();
});

test("a transaction offers no transaction and no driver, which would lose that proof", () => {
  expectTypeOf<UserTransaction>().not.toHaveProperty("transaction");
  expectTypeOf<UserTransaction>().not.toHaveProperty("$client");
  expectTypeOf<WorkerTransaction>().not.toHaveProperty("transaction");
  expectTypeOf<Parameters<Parameters<typeof withUser>[2]>[0]>().toEqualTypeOf<UserTransaction>();
  expectTypeOf<Parameters<typeof savepoint>[0]>().toEqualTypeOf<UserTransaction>();
});
