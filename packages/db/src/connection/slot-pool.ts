import { AppError } from "@mema/shared";
import { Slot, type SlotOptions } from "./slot.ts";

export interface SlotPoolOptions extends SlotOptions {
  /** Most connections open at once. */
  max: number;
  idleTimeoutMs: number;
  /** How long a transaction waits for a connection before it gives up. */
  acquireTimeoutMs: number;
}

interface Waiter {
  resolve: (slot: Slot) => void;
  reject: (error: AppError) => void;
  timer: NodeJS.Timeout;
}

const lifetimeMs = 45 * 60_000;

/**
 * A pool of connections. The driver's own pool hands a connection that died in one transaction to the next one while the first still
 * holds it (measured: rows of the wrong user); here a transaction owns its slot until it ends, and a dead slot is thrown away.
 */
export class SlotPool {
  readonly #options: SlotPoolOptions;
  readonly #idle: Slot[] = [];
  readonly #busy = new Set<Slot>();
  readonly #waiters: Waiter[] = [];
  readonly #drained = Promise.withResolvers<void>();
  #closing: Promise<void> | null = null;
  #sweeper: NodeJS.Timeout | null = null;

  constructor(options: SlotPoolOptions) {
    this.#options = options;
  }

  get counts(): { idle: number; busy: number; waiting: number } {
    return { idle: this.#idle.length, busy: this.#busy.size, waiting: this.#waiters.length };
  }

  /** A slot of one's own until `release`, first come first served. Rejects with UNAVAILABLE when none is free in time or the pool is closed. */
  acquire(): Slot | Promise<Slot> {
    if (this.#closing !== null) return Promise.reject(closed());
    const slot = this.#idle.pop() ?? this.#open();
    if (slot !== null) {
      this.#busy.add(slot);
      return slot;
    }
    return new Promise((resolve, reject) => {
      const waiter: Waiter = {
        resolve,
        reject,
        timer: setTimeout(() => {
          this.#waiters.splice(this.#waiters.indexOf(waiter), 1);
          reject(new AppError("UNAVAILABLE", "All database connections are busy. Try again.", { retryAfterSeconds: 1 }));
        }, this.#options.acquireTimeoutMs),
      };
      this.#waiters.push(waiter);
    });
  }

  /** Gives the slot back. A second time does nothing: the slot may be another transaction's by then. */
  release(slot: Slot): void {
    if (!this.#busy.delete(slot)) return;
    slot.watch(null);
    if (this.#closing !== null) {
      if (this.#busy.size === 0) this.#drained.resolve();
      void slot.end();
      return;
    }
    const reusable = !slot.dead && performance.now() - slot.openedAt < lifetimeMs;
    if (!reusable) void slot.end();
    const waiter = this.#waiters.shift();
    const next = reusable ? slot : waiter && this.#open();
    if (!next) return;
    if (waiter === undefined) {
      next.idleSince = performance.now();
      this.#idle.push(next);
      this.#sweepLater();
      return;
    }
    clearTimeout(waiter.timer);
    this.#busy.add(next);
    waiter.resolve(next);
  }

  /** Refuses new transactions, waits `timeoutMs` for open ones to end, then drops all connections. */
  close(timeoutMs = 5_000): Promise<void> {
    return (this.#closing ??= this.#close(timeoutMs));
  }

  async #close(timeoutMs: number): Promise<void> {
    for (const waiter of this.#waiters.splice(0)) {
      clearTimeout(waiter.timer);
      waiter.reject(closed());
    }
    if (this.#sweeper !== null) clearTimeout(this.#sweeper);
    const ending = this.#idle.splice(0).map((slot) => slot.end());
    if (this.#busy.size > 0) {
      const timer = setTimeout(() => this.#drained.resolve(), timeoutMs);
      await this.#drained.promise;
      clearTimeout(timer);
      for (const slot of this.#busy) slot.die(closed());
    }
    await Promise.all(ending);
  }

  #open(): Slot | null {
    if (this.#idle.length + this.#busy.size >= this.#options.max) return null;
    return new Slot(this.#options, (lost) => {
      const at = this.#idle.indexOf(lost);
      if (at >= 0) this.#idle.splice(at, 1);
    });
  }

  #sweepLater(): void {
    if (this.#sweeper !== null) return;
    this.#sweeper = setTimeout(() => {
      this.#sweeper = null;
      const oldest = performance.now() - this.#options.idleTimeoutMs;
      for (const slot of this.#idle.filter((idle) => idle.idleSince <= oldest)) {
        this.#idle.splice(this.#idle.indexOf(slot), 1);
        void slot.end();
      }
      if (this.#idle.length > 0) this.#sweepLater();
    }, this.#options.idleTimeoutMs);
    this.#sweeper.unref();
  }
}

const closed = () => new AppError("UNAVAILABLE", "The database is closed.");
