import type { Lease } from "./worker-api.ts";

interface Held {
  lease: Lease;
  abort: AbortController;
  /** By this process's stopwatch: when the lease may have run out. */
  until: number;
}

/** The deliveries that this worker holds, and whether it still does: a send ends when its lease is lost or may have run out. */
export class Leases {
  readonly #held = new Map<string, Held>();
  readonly #seconds: number;
  #change = Promise.withResolvers<void>();

  constructor(leaseSeconds: number) {
    this.#seconds = leaseSeconds;
  }

  /** Resolves when leases are removed next, or at `wake`. */
  get changed(): Promise<void> {
    return this.#change.promise;
  }

  wake(): void {
    this.#change.resolve();
    this.#change = Promise.withResolvers<void>();
  }

  get size(): number {
    return this.#held.size;
  }

  get all(): Lease[] {
    return [...this.#held.values()].map(({ lease }) => lease);
  }

  /** `askedAt`: the stopwatch when the claim was sent, so that the lease is never thought longer than it is. */
  add(leases: readonly Lease[], askedAt: number): void {
    for (const lease of leases)
      this.#held.set(lease.deliveryId, { lease, abort: new AbortController(), until: askedAt + this.#seconds * 1000 });
  }

  signalOf(deliveryId: string): AbortSignal {
    return this.#held.get(deliveryId)?.abort.signal ?? AbortSignal.abort();
  }

  renewed(leases: readonly Lease[], lost: readonly string[], askedAt: number): void {
    const gone = new Set(lost);
    for (const { deliveryId } of leases) {
      const held = this.#held.get(deliveryId);
      if (held !== undefined && !gone.has(deliveryId)) held.until = askedAt + this.#seconds * 1000;
    }
    for (const deliveryId of lost) this.#held.get(deliveryId)?.abort.abort();
  }

  /** Ends sends whose lease may have run out without anybody answering. Returns how many. */
  abortLapsed(now: number): number {
    const lapsed = [...this.#held.values()].filter(({ until, abort }) => until <= now && !abort.signal.aborted);
    for (const { abort } of lapsed) abort.abort();
    return lapsed.length;
  }

  abortAll(): void {
    for (const { abort } of this.#held.values()) abort.abort();
  }

  remove(deliveryIds: readonly string[]): void {
    for (const deliveryId of deliveryIds) this.#held.delete(deliveryId);
    this.wake();
  }
}
