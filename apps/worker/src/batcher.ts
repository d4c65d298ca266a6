/**
 * Gathers items while batches are under way and sends them together: full batches under load, no delay without. Full batches go out side
 * by side, up to `lanes` of them; what does not fill one waits for the one before.
 */
export class Batcher<Item> {
  readonly #send: (items: Item[]) => Promise<void>;
  readonly #limit: number;
  readonly #lanes: number;
  readonly #running = new Set<Promise<void>>();
  #waiting: Item[] = [];

  constructor({ limit, lanes }: { limit: number; lanes: number }, send: (items: Item[]) => Promise<void>) {
    this.#limit = limit;
    this.#lanes = lanes;
    this.#send = send;
  }

  add(item: Item): void {
    this.#waiting.push(item);
    if (this.#running.size > 0 && (this.#waiting.length < this.#limit || this.#running.size >= this.#lanes)) return;
    const run = this.#run();
    this.#running.add(run);
    void run.finally(() => this.#running.delete(run));
  }

  /** Resolves when everything that was added has been sent. */
  async idle(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running);
  }

  async #run(): Promise<void> {
    // What is added in the same tick goes along.
    await Promise.resolve();
    while (this.#waiting.length > 0) await this.#send(this.#waiting.splice(0, this.#limit));
  }
}
