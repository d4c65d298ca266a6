import { randomUUID } from "node:crypto";
import { type ClaimedDelivery, clockAt, createWorkerLeaseRepository, type Db, type LeaseKey, withWorker } from "@mema/db";
import type { Log } from "./context.ts";
import type { JobContext } from "./services/channel-view.ts";
import { expandDue } from "./services/expansion.ts";
import { beginDeliveries, type BeginDecision } from "./services/sending.ts";
import { type AttemptEnd, settleDeliveries, type SettleResult } from "./services/settlement.ts";

type Go = Extract<BeginDecision, { decision: "go" }>;

const silent: Log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

/** A worker whose steps a test takes one by one, at moments of its choice. */
export class StepWorker {
  readonly id = randomUUID();
  readonly #db: Db;
  readonly #context: JobContext;

  constructor({ db, ...context }: JobContext & { db: Db }) {
    this.#db = db;
    this.#context = context;
  }

  async expand(at: Date): Promise<number> {
    let deliveries = 0;
    for (;;) {
      const done = await expandDue(this.#db, 100, clockAt(at));
      deliveries += done.deliveries;
      if (done.reminders === 0) return deliveries;
    }
  }

  claim(at: Date, leaseSeconds = 30, perUser = 100): Promise<ClaimedDelivery[]> {
    const request = { workerId: this.id, limit: 100, perUser, leaseSeconds, after: null };
    return withWorker(this.#db, (tx) => createWorkerLeaseRepository(tx).claim(request, clockAt(at)));
  }

  begin(leases: readonly LeaseKey[], at: Date): Promise<BeginDecision[]> {
    return beginDeliveries({ db: this.#db, log: silent, ...this.#context }, leases, clockAt(at));
  }

  reap(at: Date): Promise<number> {
    return withWorker(this.#db, (tx) => createWorkerLeaseRepository(tx).reap(1000, clockAt(at)));
  }

  settle(ends: readonly AttemptEnd[], at: Date): Promise<SettleResult[]> {
    return settleDeliveries({ db: this.#db, log: silent }, ends, clockAt(at), () => 0.5);
  }

  /** One whole turn: everything that is due at `at` is expanded, claimed, begun and ended as `end` says. Returns what was sent. */
  async turn(at: Date, end: (go: Go) => Omit<Extract<AttemptEnd, { error: string }>, keyof LeaseKey> | null = () => null): Promise<Go[]> {
    await this.reap(at);
    await this.expand(at);
    const claimed = await this.claim(at);
    if (claimed.length === 0) return [];
    const decisions = await this.begin(claimed, at);
    const sent = decisions.filter((decision) => decision.decision === "go");
    const leases = new Map(claimed.map(({ userId, deliveryId, leaseToken }) => [deliveryId, { userId, deliveryId, leaseToken }]));
    const ends = sent.flatMap((go): AttemptEnd[] => {
      const lease = leases.get(go.deliveryId);
      if (lease === undefined) return [];
      const failure = end(go);
      return [failure === null ? { ...lease, outcome: "delivered" } : { ...lease, ...failure }];
    });
    if (ends.length > 0) await this.settle(ends, at);
    return sent.filter((go) => end(go) === null);
  }
}
