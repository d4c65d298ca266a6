import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { tryCatch } from "@mema/shared";
import { Batcher } from "./batcher.ts";
import { type Channels, sendThrough } from "./channels/index.ts";
import type { SendResult } from "./channels/channel.ts";
import { Leases } from "./leases.ts";
import type { WorkerLog } from "./log.ts";
import { inSpan } from "./tracing.ts";
import type { Completion, Failure, Job, Lease, WorkerApi } from "./worker-api.ts";

export interface WorkerOptions {
  api: WorkerApi;
  channels: Channels;
  log: WorkerLog;
  name?: string;
  /** Most deliveries held at once. */
  concurrency?: number;
  leaseSeconds?: number;
}

const maxBatch = 100;
/** Of one user at a time, so that nobody waits for another's thousands. */
const perUser = 25;
/** Reports under way at once: the server settles them side by side. */
const reportLanes = 4;
/** Under load, rules that fall due and leases that lapsed are looked for so often; otherwise when the server says that there are any. */
const lookEveryMs = 1_000;
const waitMs = 25_000;
const busyMs = 50;
const firstRetryMs = 100;
const lastRetryMs = 5_000;

/** The reminder worker: wait -> expand and claim -> begin -> send -> settle, until it is stopped. Knows the system only through the API. */
export class Worker {
  readonly id = randomUUID();
  readonly #api: WorkerApi;
  readonly #channels: Channels;
  readonly #log: WorkerLog;
  readonly #name: string;
  readonly #concurrency: number;
  readonly #leaseSeconds: number;
  readonly #leases: Leases;
  readonly #stopping = new AbortController();
  readonly #sends = new Set<Promise<void>>();
  readonly #completions: Batcher<Completion>;
  readonly #failures: Batcher<Failure>;
  #cursor: string | null = null;
  #loop: Promise<void> | null = null;
  #heartbeat: NodeJS.Timeout | null = null;

  constructor({ api, channels, log, name = "worker", concurrency = 500, leaseSeconds = 30 }: WorkerOptions) {
    this.#api = api;
    this.#channels = channels;
    this.#log = log;
    this.#name = name;
    this.#concurrency = concurrency;
    this.#leaseSeconds = leaseSeconds;
    this.#leases = new Leases(leaseSeconds);
    this.#stopping.signal.addEventListener("abort", () => this.#leases.wake(), { once: true });
    this.#completions = new Batcher({ limit: maxBatch, lanes: reportLanes }, (deliveries) =>
      this.#settle(deliveries, () => api.complete({ deliveries })),
    );
    this.#failures = new Batcher({ limit: maxBatch, lanes: reportLanes }, (deliveries) =>
      this.#settle(deliveries, () => api.fail({ deliveries })),
    );
  }

  /** Deliveries that are held now. */
  get inFlight(): number {
    return this.#leases.size;
  }

  /** Resolves when the worker has stopped. Rejects when the server refuses its key: trying again would not help. */
  run(): Promise<void> {
    this.#loop ??= this.#run();
    return this.#loop;
  }

  /**
   * Takes nothing new, lets running sends end for at most `graceMs`, ends the others, and gives back what was not handed over.
   * Resolves when everything is settled.
   */
  async stop(graceMs = 20_000): Promise<void> {
    this.#stopping.abort();
    await tryCatch(this.#api.leave({ workerId: this.id, name: this.#name, draining: true }));
    await tryCatch(this.run());
    const deadline = setTimeout(() => this.abort(), graceMs);
    await Promise.all(this.#sends);
    clearTimeout(deadline);
    await Promise.all([this.#completions.idle(), this.#failures.idle()]);
    if (this.#heartbeat !== null) clearInterval(this.#heartbeat);
    await tryCatch(this.#api.leave({ workerId: this.id, name: this.#name, draining: false }));
  }

  /** Ends all running sends at once. */
  abort(): void {
    this.#stopping.abort();
    this.#leases.abortAll();
  }

  get #stopped(): boolean {
    return this.#stopping.signal.aborted;
  }

  async #run(): Promise<void> {
    this.#heartbeat = setInterval(() => void this.#renew(), (this.#leaseSeconds * 1000) / 3);
    let failures = 0;
    while (!this.#stopped) {
      const [, error] = await tryCatch(this.#turn());
      if (error === null) {
        failures = 0;
        continue;
      }
      if (this.#stopped) break;
      const code = errorCode(error);
      if (code === "UNAUTHORIZED" || code === "FORBIDDEN") {
        if (this.#heartbeat !== null) clearInterval(this.#heartbeat);
        throw new Error("The server refuses this service key.", { cause: error });
      }
      if (failures === 0) this.#log.warn({ code }, "the server cannot be reached; trying again");
      await delay(Math.min(firstRetryMs * 2 ** failures, lastRetryMs) * (0.5 + Math.random()), undefined, {
        signal: this.#stopping.signal,
      }).catch(() => {});
      failures += 1;
    }
  }

  /** Waits until something is due, then takes all of it that there is room for. */
  async #turn(): Promise<void> {
    const signal = this.#stopping.signal;
    const { due, expand } = await this.#api.wait({ workerId: this.id, name: this.#name, timeoutMs: waitMs }, { signal });
    if (!due) return;
    let expanding = expand ? this.#expandBeside() : null;
    let lookedAt = performance.now();
    for (;;) {
      await this.#room();
      if (this.#stopped) break;
      const { claimed, more } = await this.#claim();
      if (performance.now() - lookedAt > lookEveryMs) {
        await expanding;
        expanding = this.#expandBeside();
        // A backlog must not keep what a dead worker held waiting for its end.
        await this.#reap();
        lookedAt = performance.now();
      }
      if (more) continue;
      const queued = (await expanding) ?? 0;
      expanding = null;
      if (queued > 0) continue;
      if (claimed === 0 && !(await this.#reap())) await this.#pause();
      break;
    }
    await expanding;
  }

  /** Expansion beside the claims; who needs what it came to awaits it, and with it its failure. */
  #expandBeside(): Promise<number> {
    const expanding = this.#expand();
    expanding.catch(() => {});
    return expanding;
  }

  /** Queues the deliveries of all rules that fall due; returns how many. */
  async #expand(): Promise<number> {
    for (let queued = 0; ;) {
      const { reminders, deliveries } = await this.#api.expand({ limit: maxBatch });
      queued += deliveries;
      if (reminders === 0 || this.#stopped) return queued;
    }
  }

  async #reap(): Promise<boolean> {
    const { reaped } = await this.#api.reap({});
    if (reaped > 0) this.#log.warn({ reaped }, "took back deliveries of a worker that went away");
    return reaped > 0;
  }

  /** Something is due and others are at it. */
  async #pause(): Promise<void> {
    await delay(busyMs * (0.5 + Math.random()), undefined, { signal: this.#stopping.signal }).catch(() => {});
  }

  async #room(): Promise<void> {
    while (this.#leases.size >= this.#concurrency && !this.#stopped) await this.#leases.changed;
  }

  /** `more`: there may be more to take at once. */
  async #claim(): Promise<{ claimed: number; more: boolean }> {
    const askedAt = performance.now();
    const limit = Math.min(maxBatch, this.#concurrency - this.#leases.size);
    const { deliveries, cursor } = await inSpan("claim", {}, async (span) => {
      const request = { workerId: this.id, limit, perUser, leaseSeconds: this.#leaseSeconds, after: this.#cursor };
      const claimed = await this.#api.claim(request);
      span.setAttribute("mema.deliveries", claimed.deliveries.length);
      return claimed;
    });
    this.#cursor = cursor;
    const leases = deliveries.map(({ userId, deliveryId, leaseToken }) => ({ userId, deliveryId, leaseToken }));
    if (leases.length > 0) {
      this.#leases.add(leases, askedAt);
      this.#track(this.#deliver(leases));
    }
    // A claim ends early for two reasons: nothing is left, or of a user only so many are taken at a time.
    return { claimed: leases.length, more: leases.length >= Math.min(limit, perUser) };
  }

  #track(work: Promise<void>): void {
    this.#sends.add(work);
    void work.finally(() => this.#sends.delete(work));
  }

  /** Begins what was claimed and sends what may be sent. Never throws. */
  async #deliver(leases: readonly Lease[]): Promise<void> {
    const [begun, error] = await tryCatch(
      inSpan("begin", { "mema.deliveries": leases.length }, () => this.#api.begin({ leases: [...leases] })),
    );
    if (error !== null) {
      this.#log.warn({ code: errorCode(error), deliveries: leases.length }, "begin failed; giving the deliveries back");
      await this.#giveBack(leases);
      return;
    }
    await Promise.all(
      begun.decisions.map(async (decision) => {
        const lease = leases.find(({ deliveryId }) => deliveryId === decision.deliveryId);
        if (lease === undefined) return;
        if (decision.decision === "go") return this.#send(lease, decision.job);
        this.#log.debug({ deliveryId: lease.deliveryId, decision: decision.decision, reason: decision.reason }, "not sent");
        this.#leases.remove([lease.deliveryId]);
      }),
    );
  }

  async #send(lease: Lease, job: Job): Promise<void> {
    const { deliveryId } = lease;
    const start = performance.now();
    const result = await inSpan("send", { "mema.channel": job.type, "mema.delivery_id": deliveryId }, async (span) => {
      const ended = await sendThrough(this.#channels, job, { deliveryId, signal: this.#leases.signalOf(deliveryId) });
      span.setAttribute("mema.outcome", ended.outcome);
      if ("error" in ended) span.setAttribute("mema.error", ended.error);
      return ended;
    });
    const ms = Math.round(performance.now() - start);
    this.#log.info(
      { deliveryId, channel: job.type, outcome: result.outcome, ms, ...("error" in result ? { error: result.error } : {}) },
      "delivery",
    );
    if (result.outcome === "aborted") return this.#giveBack([lease]);
    const attempt = { ...lease, channelType: job.type };
    if ("error" in result) this.#failures.add(failureOf(attempt, result));
    else this.#completions.add({ ...attempt, ...result });
  }

  /** Reports ends until the server has heard them; past the lease nobody waits for them any more, and others will find them unknown. */
  async #settle(
    ends: readonly (Completion | Failure)[],
    report: () => Promise<{ results: { deliveryId: string; status: string }[] }>,
  ): Promise<void> {
    const giveUpAt = performance.now() + this.#leaseSeconds * 2_000;
    for (let failures = 0; ; failures += 1) {
      const [answer, error] = await tryCatch(inSpan("settle", { "mema.deliveries": ends.length }, report));
      if (error === null) {
        const lost = answer.results.filter(({ status }) => status === "lost");
        if (lost.length > 0)
          this.#log.warn({ deliveryIds: lost.map(({ deliveryId }) => deliveryId) }, "lease lost before the end was reported");
        break;
      }
      if (performance.now() > giveUpAt) {
        this.#log.error({ code: errorCode(error), deliveries: ends.length }, "the ends of these deliveries could not be reported");
        break;
      }
      await delay(Math.min(firstRetryMs * 2 ** failures, lastRetryMs) * (0.5 + Math.random()));
    }
    this.#leases.remove(ends.map(({ deliveryId }) => deliveryId));
  }

  async #giveBack(leases: readonly Lease[]): Promise<void> {
    await tryCatch(this.#api.release({ leases: [...leases] }));
    this.#leases.remove(leases.map(({ deliveryId }) => deliveryId));
  }

  async #renew(): Promise<void> {
    const askedAt = performance.now();
    const all = this.#leases.all;
    for (let at = 0; at < all.length; at += maxBatch) {
      const leases = all.slice(at, at + maxBatch);
      const [answer, error] = await tryCatch(this.#api.heartbeat({ leases, leaseSeconds: this.#leaseSeconds }));
      if (error === null) this.#leases.renewed(leases, answer.lost, askedAt);
      if (answer !== null && answer.lost.length > 0) this.#log.warn({ deliveryIds: answer.lost }, "leases lost; ending their sends");
    }
    const lapsed = this.#leases.abortLapsed(performance.now());
    if (lapsed > 0) this.#log.warn({ deliveries: lapsed }, "leases may have run out; ending their sends");
  }
}

function failureOf(attempt: Lease & { channelType: Job["type"] }, result: Exclude<SendResult, { outcome: "sent" | "delivered" }>): Failure {
  const { outcome, ...rest } = result;
  return { ...attempt, ...rest, outcome: outcome === "aborted" ? "unknown" : outcome };
}

/** The API's code of a failed call, or the name of whatever it was. */
function errorCode(error: Error): string {
  const { data, code } = error as { data?: { code?: string } | null; code?: unknown };
  return data?.code ?? (typeof code === "string" ? code : error.name);
}
