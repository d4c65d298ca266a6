import { AsyncLocalStorage } from "node:async_hooks";
import { AppError } from "@mema/shared";
import { asAppError, sqlState } from "../errors.ts";
import type { Slot } from "./slot.ts";

interface Answer extends Array<unknown> {
  command?: string;
}

type Statement = Promise<Answer> & { values(): Promise<Answer> };

const statement = (answer: Promise<Answer>, asArrays?: () => unknown): Statement =>
  Object.assign(answer, {
    values: () => {
      asArrays?.();
      return answer;
    },
  });

/** In which transaction the running code is, and how many savepoints deep. */
export const openTransaction = new AsyncLocalStorage<{ lease: Lease; depth: number }>();

/** What the queries of a transaction run on: the transaction itself, or one user's part of it. */
export interface StatementRunner {
  run(text: string, parameters?: unknown[]): Statement;
  savepoint<T>(body: () => Promise<T>): Promise<T>;
}

export interface LeaseOptions {
  /** Opens the transaction and binds it, without parameters. Goes out in front of the first statement, in the same flight. */
  opener: string;
  /** The statement that binds a transaction that is open to another user. */
  bindTo: (userId: string) => string;
  prepare: boolean;
  /** Sends COMMIT behind the first statement, in the same flight. */
  oneStatement: boolean;
}

const transactionControl =
  /^(?:[\s;]|--.*$|\/\*[^]*?\*\/)*(begin|start|commit|end|abort|rollback|prepare\s+transaction)\b(?!\s+(work\s+|transaction\s+)?to\b)/im;

/**
 * One transaction's hold on a connection. Statements go out as they come, without waiting for the one before. When the connection dies,
 * the deadline passes or the transaction ends, every use fails from then on and nothing touches the connection again.
 */
export class Lease implements StatementRunner {
  readonly #slot: Slot;
  readonly #options: LeaseOptions;
  readonly #unanswered = new Map<Promise<unknown>, (error: AppError) => void>();
  readonly #death = Promise.withResolvers<never>();
  #state: "unopened" | "open" | "ended" = "unopened";
  #saving = false;
  #committed: Promise<Answer> | null = null;
  #lost: AppError | null = null;
  #depth = 0;
  #boundTo: string | null = null;

  constructor(slot: Slot, options: LeaseOptions) {
    this.#slot = slot;
    this.#options = options;
    this.#death.promise.catch(() => {});
    slot.watch((error) => this.#die(error));
  }

  get isOpen(): boolean {
    return this.#state !== "ended" && this.#lost === null;
  }

  /** Why the connection was lost, or null. */
  get lost(): AppError | null {
    return this.#lost;
  }

  /** Rejects when the connection is lost. */
  get died(): Promise<never> {
    return this.#death.promise;
  }

  /** Sends one statement. Its rows are objects, or arrays after `values()`. */
  run(text: string, parameters: unknown[] = []): Statement {
    const refusal = this.#refusal(text, parameters);
    if (refusal !== null) return statement(Promise.reject(refusal));
    this.#open();
    // The extended protocol also without parameters: it takes one statement only.
    const options = { prepare: this.#options.prepare && parameters.length > 0, simple: false };
    const query = this.#slot.driver.unsafe(text, parameters as never[], options);
    // A prepared statement that a migration made stale the driver sends again by itself: behind this transaction's end, or in the next one.
    const noteRetry = () => {
      this.#slot.die(stalePlan());
    };
    if (options.prepare) void Object.defineProperty(query, "retried", { set: noteRetry });
    const answer = this.#send<Answer>(query);
    if (this.#options.oneStatement) {
      this.#state = "ended";
      this.#committed = this.#commit();
      this.#committed.catch(() => {});
    }
    return statement(answer, () => query.values());
  }

  /**
   * The part of a transaction of several users that is `userId`'s. Binding and statement are handed to the driver in one go, which keeps
   * their order: no statement of another user can come between them.
   */
  boundTo(userId: string): StatementRunner {
    return {
      run: (text, parameters) => {
        if (this.#boundTo !== userId) {
          this.#boundTo = userId;
          this.#bind(userId);
        }
        return this.run(text, parameters);
      },
      savepoint: () => Promise.reject(new AppError("INTERNAL", severalUsers)),
    };
  }

  #open(): void {
    if (this.#state !== "unopened") return;
    this.#state = "open";
    // What follows an opener that failed must not be used, whatever it answers.
    this.#slot.driver.unsafe(this.#options.opener).then(
      () => {},
      (error: unknown) => this.#slot.die(asAppError(error)),
    );
  }

  /** What follows a binding that failed fails too: the transaction is aborted or gone. */
  #bind(userId: string): void {
    if (!this.isOpen) return;
    this.#open();
    this.#send(this.#slot.driver.unsafe(this.#options.bindTo(userId))).catch(() => {});
  }

  /**
   * Ends the transaction, with `last` statements in front in the same flight. Throws when queries were not awaited (it is rolled back then)
   * and when the database answered COMMIT with a rollback: an error was swallowed on the way.
   */
  async commit(last: [text: string, parameters: string[]][] = []): Promise<void> {
    if (this.#committed === null) {
      this.#refuseUnawaited();
      for (const [text, parameters] of last) this.run(text, parameters).catch(() => {});
      if (this.#state === "unopened") {
        this.#state = "ended";
        return;
      }
      this.#state = "ended";
      this.#committed = this.#commit();
    }
    if ((await this.#committed).command !== "COMMIT") throw new AppError("INTERNAL", swallowed);
  }

  /** Ends a transaction that only read. Nobody waits for the answer: whatever it is, the connection is ready for the next one. */
  endReading(): void {
    if (this.#state === "open") {
      this.#refuseUnawaited();
      this.#send(this.#slot.driver.unsafe("commit")).catch(() => {});
    }
    this.#state = "ended";
  }

  /** Undoes the transaction. Never throws: a connection that cannot do it is dropped. */
  async rollback(): Promise<void> {
    const opened = this.#state === "open";
    this.#state = "ended";
    await this.#settle();
    if (!opened || this.#lost !== null) return;
    await this.#send(this.#slot.driver.unsafe("rollback")).catch((error: unknown) => this.#slot.die(asAppError(error)));
  }

  /** Runs `body` so that its failure undoes only what it did. */
  async savepoint<T>(body: () => Promise<T>): Promise<T> {
    const refusal = this.#refusal("savepoint", []);
    if (refusal !== null) throw refusal;
    const depth = this.#depth + 1;
    const name = `savepoint_${depth}`;
    const opened = this.run(`savepoint ${name}`);
    opened.catch(() => {});
    this.#depth = depth;
    return openTransaction.run({ lease: this, depth }, async () => {
      try {
        const result = await body();
        await opened;
        this.#refuseUnawaited();
        await this.run(`release savepoint ${name}`).catch((error: unknown) => {
          throw sqlState(error) === "25P02" ? new AppError("INTERNAL", swallowed) : error;
        });
        return result;
      } catch (error) {
        await this.#settle();
        await this.run(`rollback to savepoint ${name}`).catch(() => {});
        throw error;
      } finally {
        this.#depth = depth - 1;
      }
    });
  }

  #refusal(text: string, parameters: unknown[]): AppError | null {
    if (this.#lost !== null) return this.#lost;
    if (this.#state === "ended") return new AppError("INTERNAL", ended);
    if (this.#depth > 0 && openTransaction.getStore()?.depth !== this.#depth) return new AppError("INTERNAL", besideSavepoint);
    if (parameters.length === 0 && transactionControl.test(text)) return new AppError("INTERNAL", controlled);
    return null;
  }

  #refuseUnawaited(): void {
    const count = this.#unanswered.size;
    if (count > 0) throw new AppError("INTERNAL", `${count} of the transaction's queries were not awaited; nothing was saved.`);
  }

  async #settle(): Promise<void> {
    while (this.#unanswered.size > 0) await Promise.allSettled(this.#unanswered.keys());
  }

  #commit(): Promise<Answer> {
    this.#saving = true;
    return this.#send<Answer>(this.#slot.driver.unsafe("commit"));
  }

  #send<T>(query: PromiseLike<T>): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    this.#unanswered.set(promise, reject);
    query.then(
      (answer) => {
        this.#unanswered.delete(promise);
        resolve(answer);
      },
      (error: Error) => {
        this.#unanswered.delete(promise);
        reject(error);
      },
    );
    return promise;
  }

  #die(error: AppError): void {
    this.#lost = this.#saving ? new AppError(error.code, unknownOutcome, { cause: error }) : error;
    this.#death.reject(this.#lost);
    for (const reject of this.#unanswered.values()) reject(this.#lost);
    this.#unanswered.clear();
  }
}

const stalePlan = () =>
  new AppError("UNAVAILABLE", "The database's schema was changed under this query; nothing was changed by it. Try again.", {
    retryAfterSeconds: 1,
  });
const ended = "The transaction has ended: every query must be awaited inside it.";
const swallowed = "A statement of the transaction failed and its error was swallowed; nothing was saved.";
const controlled = "A transaction is ended by returning from it or throwing, not by a statement. To undo a part of it use savepoint().";
const severalUsers = "A transaction of several users has no savepoints: rolling one back would bring back an earlier user's binding.";
const besideSavepoint = "A savepoint is open: await it before other queries of the same transaction.";
const unknownOutcome = "The database connection was lost while saving: whether it was saved is not known. Look before you try again.";
