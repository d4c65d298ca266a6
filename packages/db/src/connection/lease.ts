import { AppError } from "@mema/shared";
import type { Slot } from "./slot-pool.ts";

const ended = "The transaction has ended: every query must be awaited inside it.";

/**
 * One transaction's hold on a connection. Statements are sent as they come, without waiting for the one before; the opener goes out
 * in front of the first. When the connection dies, the deadline passes or the transaction ends, every use fails from then on.
 */
export class Lease {
  readonly #slot: Slot;
  readonly #opener: string;
  readonly #prepare: boolean;
  readonly #pending = new Set<Promise<unknown>>();
  readonly #death = Promise.withResolvers<never>();
  #state: "unopened" | "open" | "ended" = "unopened";
  #opened: Promise<unknown> = Promise.resolve();

  constructor(slot: Slot, opener: string, prepare: boolean) {
    this.#slot = slot;
    this.#opener = opener;
    this.#prepare = prepare;
    this.#death.promise.catch(() => {});
    slot.watch((error) => {
      this.#death.reject(error);
    });
  }

  get isOpen(): boolean {
    return this.#state !== "ended" && !this.#slot.dead;
  }

  get pending(): number {
    return this.#pending.size;
  }

  /** Runs one statement; `rows` decides between objects and arrays. */
  run(text: string, parameters: unknown[], rows: "objects" | "arrays"): Promise<unknown[]> {
    if (this.#state === "ended") return Promise.reject(new AppError("INTERNAL", ended));
    if (this.#slot.dead) return this.#death.promise;
    if (this.#state === "unopened") {
      this.#state = "open";
      this.#opened = this.#send(this.#slot.driver.unsafe(this.#opener));
      this.#opened.catch(() => {});
    }
    const query = this.#slot.driver.unsafe(text, parameters as never[], { prepare: this.#prepare && parameters.length > 0 });
    const sent = this.#send(rows === "arrays" ? query.values() : query);
    const result = Promise.all([this.#opened, sent]).then(([, answer]) => answer as unknown[]);
    this.#pending.add(result);
    const settled = () => this.#pending.delete(result);
    result.then(settled, settled);
    return result;
  }

  /** Ends the transaction. Throws when the database answered COMMIT with a rollback: an error was swallowed on the way. */
  async commit(): Promise<void> {
    const { state, unawaited } = await this.#end();
    if (unawaited > 0) {
      await this.#finish("rollback");
      throw new AppError("INTERNAL", `${unawaited} of the transaction's queries were not awaited; it was rolled back.`);
    }
    if (state === "unopened") return;
    if ((await this.#finish("commit")) !== "COMMIT") {
      throw new AppError("INTERNAL", "A statement of the transaction failed and its error was swallowed; nothing was saved.");
    }
  }

  async rollback(): Promise<void> {
    const { state } = await this.#end();
    if (state === "open" && !this.#slot.dead) await this.#finish("rollback");
  }

  async #end(): Promise<{ state: "unopened" | "open" | "ended"; unawaited: number }> {
    const state = this.#state;
    this.#state = "ended";
    const unawaited = this.#pending.size;
    if (unawaited > 0) await Promise.allSettled(this.#pending);
    return { state, unawaited };
  }

  async #finish(command: "commit" | "rollback"): Promise<string> {
    const answer = (await this.#send(this.#slot.driver.unsafe(command))) as { command: string };
    return answer.command;
  }

  #send<T>(query: PromiseLike<T>): Promise<T> {
    return Promise.race([query, this.#death.promise]);
  }
}
