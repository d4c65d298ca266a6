import { checkReadiness, type Db, type ReadinessCheck } from "@mema/db";

/**
 * Keeps requests out until the database has shown, once, that it may be served: it answers, is migrated, and no login could pass
 * row-level security by. `onOpen` runs before the first request gets in.
 */
export class ReadinessGate {
  readonly #db: Db;
  readonly #onOpen: () => Promise<void>;
  #open = false;
  #checking: Promise<ReadinessCheck[]> | null = null;

  constructor(db: Db, onOpen: () => Promise<void>) {
    this.#db = db;
    this.#onOpen = onOpen;
  }

  /** What is wrong; empty once the gate is open. Requests that come while it looks wait for the same look. */
  async failing(): Promise<ReadinessCheck[]> {
    if (this.#open) return [];
    this.#checking ??= this.#check().finally(() => {
      this.#checking = null;
    });
    return this.#checking;
  }

  async #check(): Promise<ReadinessCheck[]> {
    const failing = (await checkReadiness(this.#db)).filter((check) => !check.ok);
    if (failing.length === 0) {
      await this.#onOpen();
      this.#open = true;
    }
    return failing;
  }
}
