import { type MailResult, sendMail } from "@mema/shared/mail";
import type { Channel, SendResult } from "./channel.ts";

/** Mail servers allow few connections from one client: what is above waits here. */
const mostConnections = 10;

/**
 * Hands a mail to the operator's mail server. 250 is sent, not delivered: what becomes of it nobody says. A refusal for good is a dead
 * letter, and an address that does not exist switches the channel off; a connection that ends after the whole mail was handed over is unknown.
 */
export function emailChannel(): Channel<"email"> {
  const free = new Slots(mostConnections);
  return {
    send: async ({ server, mail }, { signal }) => {
      if (!(await free.take(signal))) return { outcome: "aborted", error: "aborted" };
      try {
        return mailResult(await sendMail(server, mail, { signal }));
      } finally {
        free.give();
      }
    },
  };
}

/** What a mail server's answer, or its absence, means for a delivery. */
export function mailResult(result: MailResult): SendResult {
  if (result.error === null) return { outcome: "sent" };
  const { error, ambiguous, permanent, unknownMailbox } = result;
  if (permanent) return { outcome: "permanent", error, ...(unknownMailbox ? { disableChannel: true } : {}) };
  if (ambiguous) return { outcome: "unknown", error };
  return error === "aborted" ? { outcome: "aborted", error } : { outcome: "transient", error };
}

/** So many at once, the others in their order. */
class Slots {
  #free: number;
  readonly #waiting = new Set<() => void>();

  constructor(size: number) {
    this.#free = size;
  }

  /** Resolves when there is room; false when `signal` ended first. */
  async take(signal: AbortSignal): Promise<boolean> {
    if (signal.aborted) return false;
    if (this.#free > 0) {
      this.#free -= 1;
      return true;
    }
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const given = () => resolve(true);
    const aborted = () => resolve(false);
    this.#waiting.add(given);
    signal.addEventListener("abort", aborted, { once: true });
    const taken = await promise;
    signal.removeEventListener("abort", aborted);
    if (!taken) this.#waiting.delete(given);
    return taken;
  }

  give(): void {
    const [next] = this.#waiting;
    if (next === undefined) {
      this.#free += 1;
      return;
    }
    this.#waiting.delete(next);
    next();
  }
}
