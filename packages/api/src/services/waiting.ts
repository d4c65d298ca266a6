import { createWorkerLeaseRepository, type Db, type DbClock, withWorker } from "@mema/db";

/** Longer than this nobody waits: a wake-up can be lost, and the database's clock is asked again. */
export const maxWaitMs = 25_000;

/**
 * Returns when something is due, `timeoutMs` have passed or the caller went away. A commit that may have changed what is due next wakes
 * it. How long to wait follows from the database's clock; the timer here only measures that distance.
 */
export async function waitForDue(
  db: Db,
  { timeoutMs, signal }: { timeoutMs: number; signal: AbortSignal },
  clock: DbClock,
): Promise<{ due: boolean }> {
  const end = performance.now() + Math.min(timeoutMs, maxWaitMs);
  let woken = Promise.withResolvers<void>();
  const wake = () => woken.resolve();
  // Listening starts before looking: what is committed in between wakes.
  const stopListening = db.signals.on("due", wake);
  signal.addEventListener("abort", wake, { once: true });
  try {
    for (;;) {
      woken = Promise.withResolvers<void>();
      const untilDue = await msUntilDue(db, clock);
      if (untilDue <= 0) return { due: true };
      const rest = end - performance.now();
      if (signal.aborted || rest <= 0) return { due: false };
      let elapsed = false;
      const ringing = () => {
        elapsed = untilDue <= rest;
        wake();
      };
      const timer = setTimeout(ringing, Math.ceil(Math.min(untilDue, rest)));
      await woken.promise;
      clearTimeout(timer);
      if (elapsed && !signal.aborted) return { due: true };
    }
  } finally {
    stopListening();
    signal.removeEventListener("abort", wake);
  }
}

async function msUntilDue(db: Db, clock: DbClock): Promise<number> {
  const { now, at } = await withWorker(db, (tx) => createWorkerLeaseRepository(tx).nextDue(clock), { readOnly: true });
  return at === null ? Number.POSITIVE_INFINITY : at.getTime() - now.getTime();
}
