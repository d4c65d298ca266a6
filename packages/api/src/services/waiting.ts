import { createWorkerLeaseRepository, type Db, type DbClock, withWorker } from "@mema/db";

/** Longer than this nobody waits: a wake-up can be lost, and the database's clock is asked again. */
export const maxWaitMs = 25_000;

/** Whether a delivery or a rule is due, and whether a rule is. */
export interface Due {
  due: boolean;
  expand: boolean;
}

/**
 * Returns when something is due, `timeoutMs` have passed or the caller went away. A commit that may have changed what is due next wakes
 * it. How long to wait follows from the database's clock; the timer here only measures that distance.
 */
export async function waitForDue(db: Db, { timeoutMs, signal }: { timeoutMs: number; signal: AbortSignal }, clock: DbClock): Promise<Due> {
  const end = performance.now() + Math.min(timeoutMs, maxWaitMs);
  let woken = Promise.withResolvers<void>();
  const wake = () => woken.resolve();
  // Listening starts before looking: what is committed in between wakes.
  const stopListening = db.signals.on("due", wake);
  signal.addEventListener("abort", wake, { once: true });
  try {
    for (;;) {
      woken = Promise.withResolvers<void>();
      const { now, deliveryAt, reminderAt } = await withWorker(db, (tx) => createWorkerLeaseRepository(tx).nextDue(clock), {
        readOnly: true,
        oneStatement: true,
      });
      const until = { delivery: msFrom(now, deliveryAt), reminder: msFrom(now, reminderAt) };
      const untilDue = Math.min(until.delivery, until.reminder);
      const found: Due = { due: true, expand: until.reminder <= Math.max(untilDue, 0) };
      if (untilDue <= 0) return found;
      const rest = end - performance.now();
      if (signal.aborted || rest <= 0) return { due: false, expand: false };
      let elapsed = false;
      const ringing = () => {
        elapsed = untilDue <= rest;
        wake();
      };
      const timer = setTimeout(ringing, Math.ceil(Math.min(untilDue, rest)));
      await woken.promise;
      clearTimeout(timer);
      if (elapsed && !signal.aborted) return found;
    }
  } finally {
    stopListening();
    signal.removeEventListener("abort", wake);
  }
}

const msFrom = (now: Date, at: Date | null): number => (at === null ? Number.POSITIVE_INFINITY : at.getTime() - now.getTime());
