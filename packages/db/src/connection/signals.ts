import postgres from "postgres";

/** What may be announced: a user has new events (payload: the user's id); something may be due earlier than the worker thinks (no payload). */
export type SignalChannel = "events" | "due";
type Listener = (payload: string) => void;

/**
 * Wake-ups after a commit. A hint, never the truth: one can be lost, so whoever listens also looks by itself from time to time.
 * On PostgreSQL they travel by NOTIFY to every server; on the embedded engine, which one process has, they stay in it.
 */
export class Signals {
  readonly #listenUrl: string | null;
  readonly #listeners = new Map<SignalChannel, Set<Listener>>();
  #connection: postgres.Sql | null = null;

  constructor(listenUrl: string | null) {
    this.#listenUrl = listenUrl;
  }

  get throughDatabase(): boolean {
    return this.#listenUrl !== null;
  }

  /** Calls `listener` after each announcement, and with an empty payload when some may have been lost. Returns the way to stop. */
  on(channel: SignalChannel, listener: Listener): () => void {
    const known = this.#listeners.get(channel);
    if (known === undefined) {
      this.#listeners.set(channel, new Set([listener]));
      this.#listen(channel);
    } else {
      known.add(listener);
    }
    return () => {
      this.#listeners.get(channel)?.delete(listener);
    };
  }

  deliver(channel: SignalChannel, payload: string): void {
    for (const listener of this.#listeners.get(channel) ?? []) listener(payload);
  }

  async close(): Promise<void> {
    this.#listeners.clear();
    await this.#connection?.end({ timeout: 1 });
  }

  #listen(channel: SignalChannel): void {
    if (this.#listenUrl === null) return;
    this.#connection ??= postgres(this.#listenUrl, { max: 1, connect_timeout: 10, onnotice: () => {} });
    this.#connection
      .listen(
        `mema_${channel}`,
        (payload) => this.deliver(channel, payload),
        () => this.deliver(channel, ""),
      )
      .catch(() => {});
  }
}
