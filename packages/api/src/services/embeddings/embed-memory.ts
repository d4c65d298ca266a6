import { AppError, type RecallKind, recallKinds, retryDelaySeconds } from "@mema/shared";
import {
  createRecallEmbeddingQueue,
  createRecallEmbeddingRepository,
  type Db,
  type EmbeddedText,
  type EmbeddingClaim,
  type Unembedded,
  withUser,
  withWorker,
} from "@mema/db";
import type { Log } from "../../context.ts";
import { mayEmbed, meterEmbeddings } from "./budget.ts";
import { type EmbeddingEndpoint, TextRefused } from "./endpoint.ts";

/** Texts in one request, and their characters together. */
const batchTexts = 64;
const batchCharacters = 100_000;
/** Users that one server takes at a time. */
const claimedUsers = 10;
/** Longer than a request with its retries; held on before each. */
const claimSeconds = 300;
const timeoutMs = 60_000;
const attempts = 3;
/** When a user over quota is looked at again. */
const quotaSeconds = 3_600;
const requeuedAtOnce = 10_000;
/** A text that every endpoint takes: tells a text that is refused from settings that are wrong. */
const harmless = "text";

export interface EmbeddingWork {
  db: Db;
  endpoint: EmbeddingEndpoint;
  log: Log;
  /** Ends the work between two requests. */
  signal: AbortSignal;
}

/** Makes everybody due whose vectors another model made. To be called when a server starts: the model may be a new one. */
export async function requeueOtherModels({ db, endpoint, signal }: EmbeddingWork): Promise<void> {
  while (!signal.aborted) {
    const moved = await withWorker(db, (tx) => createRecallEmbeddingQueue(tx).requeueOtherModels(endpoint.model, requeuedAtOnce));
    if (moved < requeuedAtOnce) return;
  }
}

/**
 * Embeds what users who are due lack, each as that user. Several servers may do so at once: a user is one server's for the time of a claim.
 * Returns how many users were due. Throws what the endpoint threw, when it cannot work for anybody; its users are tried again later.
 */
export async function embedMemory(work: EmbeddingWork): Promise<number> {
  const { db, endpoint, log, signal } = work;
  const claims = await withWorker(db, (tx) => createRecallEmbeddingQueue(tx).claim(claimedUsers, claimSeconds));
  const postpone = (claim: EmbeddingClaim, seconds: number, failed: boolean) =>
    withWorker(db, (tx) => createRecallEmbeddingQueue(tx).postpone(claim, seconds, failed));
  for (const [at, claim] of claims.entries()) {
    try {
      const outcome = signal.aborted ? "ended" : await embedUser(work, claim);
      if (outcome === "done") await withWorker(db, (tx) => createRecallEmbeddingQueue(tx).settle(claim, endpoint.model));
      else if (outcome === "over_quota") await postpone(claim, quotaSeconds, false);
      else if (outcome === "ended") await postpone(claim, 0, false);
    } catch (error) {
      const retry = error instanceof AppError ? error.retryAfterSeconds : undefined;
      await postpone(claim, retry ?? retryDelaySeconds(claim.attempts + 1, Math.random()), true);
      const ofEndpoint = error instanceof AppError && ["UNAVAILABLE", "PRECONDITION_FAILED"].includes(error.code);
      log.warn(
        { userId: claim.userId, error: error instanceof Error ? error.name : "unknown" },
        "embedding failed; it is tried again later",
      );
      if (!ofEndpoint) continue;
      for (const rest of claims.slice(at + 1)) await postpone(rest, 0, false);
      throw error;
    }
  }
  return claims.length;
}

type Outcome = "done" | "over_quota" | "ended" | "lost";

async function embedUser(work: EmbeddingWork, claim: EmbeddingClaim): Promise<Outcome> {
  for (const kind of recallKinds) {
    const outcome = await embedKind(work, claim, kind);
    if (outcome !== "done") return outcome;
  }
  return "done";
}

async function embedKind({ db, endpoint, signal }: EmbeddingWork, claim: EmbeddingClaim, kind: RecallKind): Promise<Outcome> {
  const { model } = endpoint;
  for (let before: string | undefined; ;) {
    if (signal.aborted) return "ended";
    if (!(await withWorker(db, (tx) => createRecallEmbeddingQueue(tx).extend(claim, claimSeconds)))) return "lost";
    const space = { model, dimensions: endpoint.dimensions };
    const { missing, allowed } = await withUser(
      db,
      claim.userId,
      async (tx) => ({
        missing: await createRecallEmbeddingRepository(tx).listMissing(space, { kind, before, limit: batchTexts }),
        allowed: await mayEmbed(tx, model),
      }),
      { readOnly: true },
    );
    if (missing.length === 0) return "done";
    if (!allowed) return "over_quota";
    const batch = firstOf(missing);
    const { texts, tokens } = await embedTexts(endpoint, batch, signal);
    await withUser(db, claim.userId, async (tx) => {
      await createRecallEmbeddingRepository(tx).store(model, texts);
      await meterEmbeddings(
        tx,
        model,
        batch.map(({ text }) => text),
        tokens,
      );
    });
    before = batch.at(-1)?.id;
  }
}

/** As many texts as one request may hold, at least one. */
function firstOf(texts: readonly Unembedded[]): Unembedded[] {
  let characters = 0;
  const end = texts.findIndex(({ text }) => (characters += text.length) > batchCharacters);
  return end < 0 ? [...texts] : texts.slice(0, Math.max(1, end));
}

/** A batch that is refused is halved until the text stands alone that the model will not take; that one gets no vector. */
async function embedTexts(
  endpoint: EmbeddingEndpoint,
  texts: readonly Unembedded[],
  signal: AbortSignal,
): Promise<{ texts: EmbeddedText[]; tokens: number | null }> {
  const options = { signal, timeoutMs, attempts };
  try {
    const { vectors, tokens } = await endpoint.embed(
      texts.map(({ text }) => text),
      options,
    );
    return { texts: texts.map((text, at) => ({ ...text, values: vectors[at] ?? null })), tokens };
  } catch (error) {
    if (!(error instanceof TextRefused)) throw error;
    if (texts.length === 1) {
      await assertWorking(endpoint, options);
      return { texts: texts.map((text) => ({ ...text, values: null })), tokens: 0 };
    }
    const half = Math.ceil(texts.length / 2);
    const parts = [await embedTexts(endpoint, texts.slice(0, half), signal), await embedTexts(endpoint, texts.slice(half), signal)];
    const counted = parts.every(({ tokens }) => tokens !== null) ? parts.reduce((sum, { tokens }) => sum + (tokens ?? 0), 0) : null;
    return { texts: parts.flatMap((part) => part.texts), tokens: counted };
  }
}

async function assertWorking(
  endpoint: EmbeddingEndpoint,
  options: { signal: AbortSignal; timeoutMs: number; attempts: number },
): Promise<void> {
  try {
    await endpoint.embed([harmless], options);
  } catch (error) {
    if (!(error instanceof TextRefused)) throw error;
    throw new AppError(
      "PRECONDITION_FAILED",
      `${error.message} It refuses every text: check MEMA_EMBEDDINGS_MODEL and MEMA_EMBEDDINGS_DIMENSIONS.`,
    );
  }
}
