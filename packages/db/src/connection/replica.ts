import type { SlotPool } from "./slot-pool.ts";

/** A replica may lag this much behind before a user can miss the own writes in it. */
const lagMs = 10_000;
const downMs = 30_000;

/**
 * A read replica: a user's read-only transactions go there, except for 10 seconds after the user wrote through this process, so that
 * everyone reads what they wrote. One that fails is left alone for 30 seconds.
 */
export class Replica {
  readonly pool: SlotPool;
  /** In the order of the writes: the oldest first. */
  readonly #lastWrites = new Map<string, number>();
  #downUntil = 0;

  constructor(pool: SlotPool) {
    this.pool = pool;
  }

  serves(userId: string): boolean {
    const now = performance.now();
    return now >= this.#downUntil && now - (this.#lastWrites.get(userId) ?? Number.NEGATIVE_INFINITY) > lagMs;
  }

  noteWrite(userId: string): void {
    const now = performance.now();
    this.#lastWrites.delete(userId);
    this.#lastWrites.set(userId, now);
    for (const [id, at] of this.#lastWrites) {
      if (now - at <= lagMs) break;
      this.#lastWrites.delete(id);
    }
  }

  noteFailure(): void {
    this.#downUntil = performance.now() + downMs;
  }
}
