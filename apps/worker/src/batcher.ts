/** Gathers items while a batch is under way and sends them together with the next one: full batches under load, no delay without. */
export class Batcher<Item> {
  readonly #send: (items: Item[]) => Promise<void>;
  readonly #limit: number;
  #waiting: Item[] = [];
  #running: Promise<void> | null = null;

  constructor(limit: number, send: (items: Item[]) => Promise<void>) {
    this.#limit = limit;
    this.#send = send;
  }

  add(item: Item): void {
    this.#waiting.push(item);
    this.#running ??= this.#run();
  }

  /** Resolves when everything that was added has been sent. */
  async idle(): Promise<void> {
    await this.#running;
  }

  async #run(): Promise<void> {
    // What is added in the same tick goes along.
    await Promise.resolve();
    while (this.#waiting.length > 0) await this.#send(this.#waiting.splice(0, this.#limit));
    this.#running = null;
  }
}
