import { getCompileCacheDir } from "node:module";
import { Worker } from "node:worker_threads";
import type { ThreadCommand, ThreadMessage, ThreadRequest, ThreadSettings } from "./thread-protocol.ts";

/**
 * WebAssembly recurses on the thread's stack. With Node's default of 4 MB, jsonb nested 200,000 deep ended the thread instead of the
 * statement; with this, PostgreSQL's own limit (54001) comes first up to a nesting of about a million.
 */
const stackSizeMb = 256;
/** The thread's own objects are few and short-lived: the database lies in WebAssembly's memory. */
const maxYoungGenerationSizeMb = 4;

/** The engine's side of one engine thread, from its start until it ends. */
export class ThreadHandle {
  /** Resolves, with the reason, when the thread ended without having been stopped. */
  readonly lost: Promise<Error>;
  readonly #worker: Worker;
  readonly #pending = new Map<number, PromiseWithResolvers<Uint8Array | null>>();
  readonly #ready = Promise.withResolvers<void>();
  readonly #lost = Promise.withResolvers<Error>();
  #nextId = 1;
  /** Its end has begun; requests made from here on are answered by the end. */
  #stopped = false;
  #gone = false;

  /** Resolves when the thread serves its socket; rejects with what kept it from that. */
  static async start(settings: ThreadSettings): Promise<ThreadHandle> {
    const handle = new ThreadHandle(settings);
    await handle.#ready.promise;
    return handle;
  }

  private constructor(settings: ThreadSettings) {
    this.lost = this.#lost.promise;
    const compileCache = getCompileCacheDir();
    this.#worker = new Worker(new URL("./engine-thread.ts", import.meta.url), {
      workerData: settings,
      env: compileCache === undefined ? {} : { NODE_COMPILE_CACHE: compileCache },
      execArgv: [],
      resourceLimits: { stackSizeMb, maxYoungGenerationSizeMb },
    });
    this.#worker.on("message", (message: ThreadMessage) => this.#receive(message));
    this.#worker.on("error", (error) => this.#end(error instanceof Error ? error : new Error(String(error))));
    this.#worker.on("exit", (code) => this.#end(new Error(`the thread of the embedded database exited with code ${code}`)));
  }

  async request(command: ThreadCommand): Promise<Uint8Array | null> {
    if (this.#gone) throw new Error("the thread of the embedded database has ended");
    const request: ThreadRequest = { id: this.#nextId++, command };
    const answer = Promise.withResolvers<Uint8Array | null>();
    this.#pending.set(request.id, answer);
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a worker thread, not a window
    this.#worker.postMessage(request);
    return answer.promise;
  }

  /** Ends the thread at once, also in the middle of a statement. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#worker.terminate();
    this.#rejectAll(new Error("the thread of the embedded database was stopped"));
  }

  #receive(message: ThreadMessage): void {
    switch (message.kind) {
      case "ready":
        this.#ready.resolve();
        return;
      case "done":
        this.#take(message.id)?.resolve(message.bytes);
        return;
      case "failed":
        this.#take(message.id)?.reject(message.error);
        return;
    }
  }

  #take(id: number): PromiseWithResolvers<Uint8Array | null> | undefined {
    const answer = this.#pending.get(id);
    this.#pending.delete(id);
    return answer;
  }

  #end(reason: Error): void {
    if (this.#stopped) return;
    this.#stopped = true;
    // Nobody learns of the end before the thread is really gone: the next one opens the same folder.
    void this.#worker.terminate().finally(() => {
      this.#rejectAll(reason);
      this.#lost.resolve(reason);
    });
  }

  #rejectAll(reason: Error): void {
    this.#gone = true;
    this.#ready.reject(reason);
    for (const answer of this.#pending.values()) answer.reject(reason);
    this.#pending.clear();
  }
}
