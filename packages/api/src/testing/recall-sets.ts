import type { RecallSet } from "@mema/db/recall-set";
import type { Caller } from "../testing.ts";

const keyOf = (set: RecallSet, document: string): string => `${set.category} ${document}`;

/** Stores the documents of sets in one memory and returns which message each is. */
export async function storeSets(caller: Caller, sets: readonly RecallSet[]): Promise<Map<string, string>> {
  const ids = new Map<string, string>();
  for (const set of sets) {
    for (const entity of set.entities) await caller.entities.create(entity);
    const { items } = await caller.messages.ingest({ messages: set.documents.map(({ text, at }) => ({ text, sentAt: at.toISOString() })) });
    for (const [index, { id }] of items.entries()) ids.set(keyOf(set, set.documents[index]?.id ?? ""), id);
  }
  return ids;
}

/** At which place, from 1, the answer to each question of a set stands; infinity when it is not among the first twenty. */
export async function placesOfAnswers(caller: Caller, set: RecallSet, ids: ReadonlyMap<string, string>): Promise<number[]> {
  const places: number[] = [];
  for (const { text, relevant } of set.questions) {
    const { results } = await caller.recall.search({ query: text, limit: 20 });
    const at = results.findIndex(({ id }) => id === ids.get(keyOf(set, relevant)));
    places.push(at < 0 ? Number.POSITIVE_INFINITY : at + 1);
  }
  return places;
}

/** The share of the questions whose answer is among the first five. */
export const shareInFirstFive = (places: readonly number[]): number => places.filter((place) => place <= 5).length / places.length;
