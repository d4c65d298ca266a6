import { badInput } from "@mema/shared";
import type { Db } from "./client.ts";
import type { Queries } from "./queries.ts";
import { nest, type TransactionOptions, transact } from "./transaction.ts";

declare const brand: unique symbol;

/** Proof that queries run in a transaction bound to `userId`. Only `withUser` makes one; repositories accept nothing else. */
export type UserTransaction = Queries & { readonly userId: string; readonly [brand]: "user" };
/** Proof of a transaction as the worker's role: lease state across users, never text. */
export type WorkerTransaction = Queries & { readonly [brand]: "worker" };
/** Proof of a transaction as the sign-in role: whose credential is this. */
export type SignInTransaction = Queries & { readonly [brand]: "sign_in" };

const uuidPattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

export const isUuid = (value: string): boolean => uuidPattern.test(value);

/**
 * The only door to a user's data. Runs `body` in one transaction in which row-level security shows and accepts that user's rows alone.
 * Commits when `body` returns; rolls back when it throws or returns an error. `readOnly` opens it READ ONLY.
 * Throws BAD_REQUEST when `userId` is no UUID, UNAVAILABLE when the connection is lost, TIMEOUT past the deadline.
 */
export async function withUser<T>(
  db: Db,
  userId: string,
  body: (tx: UserTransaction) => Promise<T>,
  options: TransactionOptions = {},
): Promise<T> {
  if (!isUuid(userId)) throw badInput("userId", "must be a UUID");
  const id = userId.toLowerCase();
  return transact(db.app, id, (queries) => body(Object.assign(queries, { userId: id }) as UserTransaction), options);
}

/** Runs `body` as the worker's role, which sees ids, times and lease state of all users and nothing else. */
export async function withWorker<T>(db: Db, body: (tx: WorkerTransaction) => Promise<T>, options: TransactionOptions = {}): Promise<T> {
  return transact(db.worker, nobody, (queries) => body(queries as WorkerTransaction), options);
}

/** Runs `body`, which makes one look-up, as the sign-in role: it sees who a credential belongs to and nothing else. */
export async function withSignIn<T>(db: Db, body: (tx: SignInTransaction) => Promise<T>): Promise<T> {
  return transact(db.auth, nobody, (queries) => body(queries as SignInTransaction), { readOnly: true, oneStatement: true });
}

/** Runs `body` so that its failure (thrown or returned) undoes only what it did; the same transaction goes on. Others wait for it to end. */
export async function savepoint<T>(tx: UserTransaction, body: (tx: UserTransaction) => Promise<T>): Promise<T> {
  return nest(tx, () => body(tx));
}

const nobody = "";
