import { AppError, plainText, textLimits } from "@mema/shared";
import type { Embedding } from "@mema/db";
import { z } from "zod";
import type { AsUser, Services } from "../../context.ts";
import { mayEmbed, meterEmbeddings } from "./budget.ts";

/** What became of comparing meanings: done, not set up, not possible just now, or the user's quota is used up. */
export const meaningStates = ["used", "off", "unavailable", "over_quota"] as const;
export type Meaning = { state: "used"; embedding: Embedding } | { state: Exclude<(typeof meaningStates)[number], "used"> };

/** Nobody waits longer for a question's vector; words alone answer then. */
const timeoutMs = 2_000;
/** After a failure the endpoint is left alone for so long: questions do not queue up behind one that hangs. */
const restMs = 15_000;

export const notCompared: Meaning = { state: "off" };
const asking = z.object({ query: plainText(textLimits.query) });

/**
 * The vector of the `query` of an input, made outside of every transaction. Whatever goes wrong is told and not thrown: words still answer.
 */
export async function embedQuestion(services: Services, asUser: AsUser, signal: AbortSignal, input: unknown): Promise<Meaning> {
  const { embeddings: endpoint, log } = services;
  const asked = asking.safeParse(input);
  // An input that is wrong is refused by its procedure.
  if (endpoint === undefined || !asked.success) return notCompared;
  const { query } = asked.data;
  if (performance.now() < endpoint.restsUntil) return { state: "unavailable" };
  if (!(await asUser((tx) => mayEmbed(tx, endpoint.model), { readOnly: true }))) return { state: "over_quota" };
  try {
    const { vectors, tokens } = await endpoint.embed([query], { signal, timeoutMs, attempts: 1 });
    await asUser((tx) => meterEmbeddings(tx, endpoint.model, [query], tokens));
    return { state: "used", embedding: { model: endpoint.model, values: vectors[0] ?? [] } };
  } catch (error) {
    if (signal.aborted) throw error;
    endpoint.restsUntil = performance.now() + restMs;
    const code = error instanceof AppError ? error.code : undefined;
    log.warn({ error: error instanceof Error ? error.name : "unknown", code }, "a question was answered without embeddings");
    return { state: "unavailable" };
  }
}
