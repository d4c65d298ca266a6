import { createRecallSets, randomFrom } from "@mema/db/recall-set";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startEmbeddingServer } from "../../testing/embedding-server.ts";
import { placesOfAnswers, shareInFirstFive, storeSets } from "../../testing/recall-sets.ts";
import { createTestApi, type TestApi } from "../../testing.ts";
import { embedMemory, requeueOtherModels } from "./embed-memory.ts";
import { EmbeddingEndpoint } from "./endpoint.ts";

const dimensions = 256;
const sets = createRecallSets(new Date(Temporal.Now.instant().epochMilliseconds));

/** FNV-1a. */
const hashOf = (text: string): number =>
  Array.from(text).reduce((hash, character) => Math.imul(hash ^ (character.codePointAt(0) ?? 0), 16_777_619) >>> 0, 2_166_136_261);

function noise(text: string): number[] {
  const random = randomFrom(hashOf(text));
  return Array.from({ length: dimensions }, () => random() + random() + random() - 1.5);
}

function hashedWords(text: string): number[] {
  const vector = Array.from({ length: dimensions }, () => 0);
  for (const word of text.toLowerCase().match(/[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]|[\p{L}\p{N}]+/gu) ?? [text]) {
    const at = hashOf(word) % dimensions;
    vector[at] = (vector[at] ?? 0) + 1;
  }
  return vector;
}

/** What each text of the set is about: a question and its answer are about the same. */
const subjects = new Map(
  sets.flatMap(({ category, documents, questions }) => [
    ...documents.map(({ id, text }) => [text, `${category} ${id}`] as const),
    ...questions.map(({ text, relevant }) => [text, `${category} ${relevant}`] as const),
  ]),
);
/** Knows the subject of every text, half drowned in what else the text says. */
function knowing(text: string): number[] {
  const own = noise(text);
  return noise(subjects.get(text) ?? "").map((value, at) => value + (own[at] ?? 0));
}

const legs = { noise, hashedWords, knowing };
type Leg = keyof typeof legs;

let api: TestApi;
/** By what was asked with, and by category: the places of the answers. */
const places = new Map<Leg | "words", Map<string, number[]>>();
beforeAll(async () => {
  api = await createTestApi();
  const { caller } = await api.createUser();
  const ids = await storeSets(caller, sets);
  const ask = async () => {
    const found = new Map<string, number[]>();
    for (const set of sets) found.set(set.category, await placesOfAnswers(caller, set, ids));
    return found;
  };
  places.set("words", await ask());
  for (const leg of ["noise", "hashedWords", "knowing"] as const) {
    const server = await startEmbeddingServer(legs[leg]);
    const endpoint = new EmbeddingEndpoint({ url: server.url, model: leg });
    const work = { db: api.services.db, endpoint, log: api.services.log, signal: new AbortController().signal };
    await requeueOtherModels(work);
    while ((await embedMemory(work)) > 0);
    api.services.embeddings = endpoint;
    places.set(leg, await ask());
    api.services.embeddings = undefined;
    await server.close();
  }
}, 300_000);
afterAll(() => api.close());

const categories = sets.map(({ category }) => category);
const share = (leg: Leg | "words", category: string): number => shareInFirstFive(places.get(leg)?.get(category) ?? []);
const meanReciprocal = (leg: Leg | "words"): number => {
  const all = [...(places.get(leg)?.values() ?? [])].flat();
  return all.reduce((sum, place) => sum + 1 / place, 0) / all.length;
};

test.each(["noise", "hashedWords"] as const)("%s instead of a model takes no answer out of the first five, in no category", (leg) => {
  for (const category of categories) expect.soft(share(leg, category), category).toBeGreaterThanOrEqual(share("words", category));
  expect(meanReciprocal(leg)).toBeGreaterThan(meanReciprocal("words") - 0.01);
});

test("a model that knows what texts are about finds what words do not, and loses nothing that they found", () => {
  for (const category of categories) expect.soft(share("knowing", category), category).toBeGreaterThanOrEqual(share("words", category));
  expect(share("knowing", "paraphrase")).toBeGreaterThan(share("words", "paraphrase") + 0.2);
  expect(meanReciprocal("knowing")).toBeGreaterThan(meanReciprocal("words"));
});
