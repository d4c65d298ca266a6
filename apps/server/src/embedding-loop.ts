import { setTimeout as wait } from "node:timers/promises";
import { type EmbeddingEndpoint, embedMemory, requeueOtherModels } from "@mema/api";
import { asAppError, type Db } from "@mema/db";
import { retryDelaySeconds } from "@mema/shared";
import type { ServerLog } from "./log.ts";

/** How long a text that was just stored waits for its vector at most, when nothing else is to be done. */
const pollMs = 1_000;

/** Keeps embedding what lacks vectors until the server stops; rests longer and longer while the endpoint or the database does not work. */
export function startEmbedding(db: Db, endpoint: EmbeddingEndpoint, log: ServerLog): { stop(): Promise<void> } {
  const stopping = new AbortController();
  const work = { db, endpoint, log, signal: stopping.signal };
  const run = async () => {
    let failures = 0;
    let requeued = false;
    while (!stopping.signal.aborted) {
      try {
        if (!requeued) await requeueOtherModels(work);
        requeued = true;
        const users = await embedMemory(work);
        failures = 0;
        if (users > 0) continue;
      } catch (error) {
        if (stopping.signal.aborted) return;
        failures += 1;
        const { code, message } = asAppError(error);
        log.warn({ code, reason: message, failures }, "embedding rests");
      }
      await wait(failures === 0 ? pollMs : retryDelaySeconds(failures, Math.random()) * 1_000, undefined, {
        signal: stopping.signal,
      }).catch(() => {});
    }
  };
  const running = run();
  return {
    stop: async () => {
      stopping.abort();
      await running;
    },
  };
}
