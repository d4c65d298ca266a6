import { AppError } from "@mema/shared";
import { drizzle } from "drizzle-orm/postgres-js";
import postgres, { type Options, type Sql } from "postgres";

type Driver = Sql;
type DriverOptions = Options<Record<string, never>>;

/** One connection to the database. Once dead it is never used again: the driver would reconnect it for whoever asks next. */
export class Slot {
  readonly driver: Driver;
  readonly openedAt = performance.now();
  idleSince = 0;
  dead = false;
  #onDeath: ((error: AppError) => void) | null = null;

  constructor(url: string | undefined, options: DriverOptions, onClosed: (slot: Slot) => void) {
    const settings: DriverOptions = {
      ...options,
      max: 1,
      idle_timeout: 0,
      max_lifetime: null,
      onnotice: () => {},
      onclose: () => {
        this.die(new AppError("UNAVAILABLE", "The database connection was lost; nothing was changed. Try again."));
        onClosed(this);
      },
    };
    this.driver = url === undefined ? postgres(settings) : postgres(url, settings);
    // Drizzle does its own conversion of dates and JSON; constructing it switches the driver's off.
    drizzle(this.driver);
  }

  /** Calls back at the moment the connection is lost, before anything else can run on it. */
  watch(onDeath: ((error: AppError) => void) | null): void {
    this.#onDeath = onDeath;
  }

  /** Marks the slot dead and drops its connection; whatever still waits on it is rejected. */
  die(error: AppError): void {
    if (this.dead) return;
    this.dead = true;
    this.#onDeath?.(error);
    this.driver.end({ timeout: 0 }).catch(() => {});
  }
}

export interface SlotPoolOptions {
  url?: string | undefined;
  /** Options for the driver, beside the URL's; a function when they are known only once something has started. */
  driver: DriverOptions | (() => Promise<DriverOptions>);
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
 * A pool of postgres.js clients with one connection each. The driver's own pool hands a connection that died in one transaction to the
 * next one while the first still holds it (measured: rows of the wrong user); here a transaction owns its client until it ends, and a
 * client whose connection died is thrown away.
 */
export class SlotPool {
  readonly #options: SlotPoolOptions;
  readonly #idle: Slot[] = [];
  readonly #busy = new Set<Slot>();
  readonly #waiters: Waiter[] = [];
  #driver: DriverOptions | null;
  #closed = false;
  #drained: (() => void) | null = null;
  #sweeper: NodeJS.Timeout | null = null;

  constructor(options: SlotPoolOptions) {
    this.#options = options;
    this.#driver = typeof options.driver === "function" ? null : options.driver;
  }

  get max(): number {
    return this.#options.max;
  }

  get counts(): { idle: number; busy: number; waiting: number } {
    return { idle: this.#idle.length, busy: this.#busy.size, waiting: this.#waiters.length };
  }

  /** Throws UNAVAILABLE when no connection is free in time or the pool is closed. */
  acquire(): Promise<Slot> | Slot {
    if (this.#closed) throw new AppError("UNAVAILABLE", "The database is closed.");
    if (this.#driver === null) return this.#start().then(() => this.acquire());
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

  release(slot: Slot): void {
    slot.watch(null);
    this.#busy.delete(slot);
    if (slot.dead || this.#closed || performance.now() - slot.openedAt > lifetimeMs) {
      slot.die(new AppError("UNAVAILABLE", "The database is closed."));
    } else if (this.#waiters.length === 0) {
      slot.idleSince = performance.now();
      this.#idle.push(slot);
      this.#sweepLater();
    }
    this.#serveWaiters(slot.dead ? null : slot);
    if (this.#busy.size === 0) this.#drained?.();
  }

  /** Waits for open transactions to end, at most `timeoutMs`, then drops all connections. */
  async close(timeoutMs = 5_000): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    for (const waiter of this.#waiters.splice(0)) {
      clearTimeout(waiter.timer);
      waiter.reject(new AppError("UNAVAILABLE", "The database is closed."));
    }
    if (this.#busy.size > 0) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, timeoutMs);
        this.#drained = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    if (this.#sweeper !== null) clearTimeout(this.#sweeper);
    const slots = [...this.#idle.splice(0), ...this.#busy];
    for (const slot of slots) slot.dead = true;
    await Promise.all(slots.map((slot) => slot.driver.end({ timeout: 1 })));
  }

  async #start(): Promise<void> {
    if (typeof this.#options.driver === "function") this.#driver = await this.#options.driver();
  }

  #open(): Slot | null {
    if (this.#driver === null || this.#idle.length + this.#busy.size >= this.#options.max) return null;
    return new Slot(this.#options.url, this.#driver, (slot) => {
      const at = this.#idle.indexOf(slot);
      if (at >= 0) this.#idle.splice(at, 1);
    });
  }

  #serveWaiters(freed: Slot | null): void {
    const waiter = this.#waiters[0];
    if (waiter === undefined || this.#closed) return;
    const slot = freed ?? this.#open();
    if (slot === null) return;
    this.#waiters.shift();
    clearTimeout(waiter.timer);
    this.#busy.add(slot);
    waiter.resolve(slot);
  }

  #sweepLater(): void {
    if (this.#sweeper !== null) return;
    this.#sweeper = setTimeout(() => {
      this.#sweeper = null;
      const oldest = performance.now() - this.#options.idleTimeoutMs;
      for (const slot of this.#idle.filter((idle) => idle.idleSince <= oldest)) {
        this.#idle.splice(this.#idle.indexOf(slot), 1);
        slot.die(new AppError("UNAVAILABLE", "The connection was idle."));
      }
      if (this.#idle.length > 0) this.#sweepLater();
    }, this.#options.idleTimeoutMs);
    this.#sweeper.unref();
  }
}
