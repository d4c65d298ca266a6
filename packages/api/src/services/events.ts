import { createEventRepository, type Event, type Signals } from "@mema/db";
import type { AsUser } from "../context.ts";

/** A wake-up can be lost; after this long the database is asked all the same. */
const pollMs = 15_000;
const batch = 100;

/**
 * A user's events after `after` (null or undefined: from now on) as they are committed, until `stop`. Each in its own short transaction.
 */
export async function* followEvents(
  signals: Signals,
  asUser: AsUser,
  userId: string,
  after: number | null | undefined,
  stop: AbortSignal,
): AsyncGenerator<Event> {
  let woken = Promise.withResolvers<void>();
  const wake = () => woken.resolve();
  const unsubscribe = signals.on("events", (who) => {
    if (who === userId || who === "") wake();
  });
  stop.addEventListener("abort", wake, { once: true });
  try {
    let last = after ?? (await asUser((tx) => createEventRepository(tx).lastSeq(), { readOnly: true }));
    while (!stop.aborted) {
      woken = Promise.withResolvers<void>();
      const from = last;
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
