import { createEventRepository, databaseClock, type Event, readClock, type Signals } from "@mema/db";
import type { AsUser } from "../context.ts";

/** A wake-up can be lost; after this long the database is asked all the same. */
const pollMs = 15_000;
const batch = 100;

/**
 * A user's events after `after` (null or undefined: from now on) as they are committed, until `stop`. Each in its own short transaction.
 * `stillAllowed` is asked before each look and throws once the caller's key has been revoked. From now on: the first one given is
 * `stream.opened`, numbered as the last that happened before, so that a client that loses the connection at once knows where to go on.
 */
export async function* followEvents(
  signals: Signals,
  asUser: AsUser,
  userId: string,
  after: number | null | undefined,
  stop: AbortSignal,
  stillAllowed: () => Promise<void>,
): AsyncGenerator<Omit<Event, "id" | "userId">> {
  let woken = Promise.withResolvers<void>();
  const wake = () => woken.resolve();
  const unsubscribe = signals.on("events", (who) => {
    if (who === userId || who === "") wake();
  });
  stop.addEventListener("abort", wake, { once: true });
  try {
    let last = after ?? 0;
    if (after === null || after === undefined) {
      const [seq, createdAt] = await asUser(async (tx) => [await createEventRepository(tx).lastSeq(), await readClock(tx, databaseClock)], {
        readOnly: true,
      });
      last = seq;
      yield { seq, type: "stream.opened", payload: {}, actor: "system", actorId: null, requestId: null, createdAt };
    }
    while (!stop.aborted) {
      woken = Promise.withResolvers<void>();
      const from = last;
      await stillAllowed();
      const found = await asUser((tx) => createEventRepository(tx).listAfter(from, batch), { readOnly: true });
      for (const event of found) {
        last = event.seq;
        yield event;
      }
      if (found.length === batch) continue;
      const timer = setTimeout(wake, pollMs);
      await woken.promise;
      clearTimeout(timer);
    }
  } finally {
    unsubscribe();
    stop.removeEventListener("abort", wake);
  }
}
