import { createRecallSets } from "@mema/db/recall-set";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Caller, createTestApi, type TestApi } from "../testing.ts";
import { placesOfAnswers, shareInFirstFive, storeSets } from "../testing/recall-sets.ts";

let api: TestApi;
beforeAll(async () => {
  api = await createTestApi();
});
afterAll(() => api.close());

const now = new Date(Temporal.Now.instant().epochMilliseconds);
const sets = createRecallSets(now);

describe("among the first five results are the answers to", () => {
  test.each(sets)("at least $gate of the questions on $category", async (set) => {
    const { caller } = await api.createUser();
    const ids = await storeSets(caller, [set]);
    expect(shareInFirstFive(await placesOfAnswers(caller, set, ids))).toBeGreaterThanOrEqual(set.gate);
  });

  test("at least 0.8 of the questions in each of five languages, all in one memory", async () => {
    const { caller } = await api.createUser();
    const languages = sets.slice(0, 5);
    const ids = await storeSets(caller, languages);
    const missed: string[] = [];
    for (const set of languages) if (shareInFirstFive(await placesOfAnswers(caller, set, ids)) < 0.8) missed.push(set.category);
    expect(missed).toEqual([]);
  });
});

const people = ["Dima", "Vera", "Anders", "Priya", "Marek", "Zoë"];
const cities = ["Vienna", "Graz", "Linz", "Salzburg", "Innsbruck", "Bregenz", "Villach", "Wels"];
const cityOf = (person: number, version: number) => cities[(person + 3 * version) % cities.length] ?? "";

type Fact = Awaited<ReturnType<Caller["facts"]["create"]>>;

/** Everyone moved twice: three versions of each fact, each resting on what was said. */
async function storeMoves(caller: Caller) {
  const moves = [];
  for (const [row, person] of people.entries()) {
    const entity = await caller.entities.create({ canonicalName: person });
    const versions: Fact[] = [];
    for (let version = 0; version < 3; version++) {
      const quote = `${person} lives in ${cityOf(row, version)}`;
      const { message } = await caller.messages.send({ text: `By the way, ${quote}, as far as I know` });
      const source = { sourceMessageId: message.id, sourceQuote: quote };
      const last = versions.at(-1);
      const fact: Fact =
        last === undefined
          ? await caller.facts.create({ content: quote, factType: "location", entityIds: [entity.id], ...source })
          : (await caller.facts.update({ id: last.id, version: last.version, content: quote, ...source })).fact;
      versions.push(fact);
    }
    moves.push({ person, row, entity, versions });
  }
  return moves;
}

describe("what was corrected", () => {
  test("is found in its present version only, and with asOf in the one of that day", async () => {
    const { caller } = await api.createUser();
    for (const { person, row, versions } of await storeMoves(caller)) {
      const query = `Where does ${person} live?`;
      const ask = async (more: { asOf?: string }) => {
        const { results } = await caller.recall.search({ query, kinds: ["fact"], ...more });
        return results.map(({ text }) => text).filter((text) => text.startsWith(person));
      };
      expect(await ask({})).toEqual([`${person} lives in ${cityOf(row, 2)}`]);
      const { items: history } = await caller.facts.history({ id: versions[0]?.id ?? "" });
      expect(history.map(({ content }) => content)).toEqual([0, 1, 2].map((version) => `${person} lives in ${cityOf(row, version)}`));
      for (const { content, recordedAt, supersededAt } of history) {
        // Two corrections in one millisecond leave no instant at which the first was believed.
        if (supersededAt === recordedAt) continue;
        expect(await ask({ asOf: recordedAt })).toEqual([content]);
      }
    }
  });

  test("is told by what was true when with validAt", async () => {
    const { caller } = await api.createUser();
    const spans = ["2019", "2020", "2021", "2022"].map((year, index) => ({ year, content: `Vera worked for ${cities[index]} Railways` }));
    for (const { year, content } of spans) {
      await caller.facts.create({ content, validFrom: `${year}-01-01T00:00:00Z`, validTo: `${Number(year) + 1}-01-01T00:00:00Z` });
    }
    for (const { year, content } of spans) {
      const { results } = await caller.recall.search({ query: "Which railway did Vera work for?", validAt: `${year}-06-15T00:00:00Z` });
      expect(results.map(({ text }) => text)).toEqual([content]);
    }
  });
});

test("what was forgotten is found by no question, at no time, and what was not still is", async () => {
  const { caller } = await api.createUser();
  const moves = await storeMoves(caller);
  const [dima, ...others] = moves;
  if (dima === undefined) throw new Error("nobody moved");
  const preview = await caller.entities.previewForget({ entityId: dima.entity.id });
  expect(preview.facts).toHaveLength(3);
  await caller.entities.forget({
    entityIds: preview.entities.map(({ id }) => id),
    factIds: preview.facts.map(({ id }) => id),
    messageIds: preview.messages.map(({ id }) => id),
  });
  const instants = dima.versions.map(({ recordedAt }) => recordedAt);
  for (const query of ["Dima", "Where does Dima live?", "who lives in Vienna", "as far as I know", ...cities]) {
    for (const more of [{}, { kinds: ["fact" as const] }, ...instants.map((asOf) => ({ asOf }))]) {
      const { results } = await caller.recall.search({ query, limit: 100, ...more });
      expect(JSON.stringify(results)).not.toContain("Dima");
    }
    expect((await caller.recall.pack({ query, maxTokens: 2_000 })).text).not.toContain("Dima");
  }
  for (const { person, row } of others) {
    const { results } = await caller.recall.search({ query: `Where does ${person} live?`, limit: 5 });
    expect(results.map(({ text }) => text)).toContain(`${person} lives in ${cityOf(row, 2)}`);
  }
});

test("every fact that is found says word for word where it was said", async () => {
  const { caller } = await api.createUser();
  await storeMoves(caller);
  const { results } = await caller.recall.search({ query: "Who lives where?", kinds: ["fact"], limit: 50 });
  expect(results).toHaveLength(people.length);
  for (const { text, messageId, quote } of results) {
    const { content } = await caller.messages.byId({ id: messageId ?? "" });
    expect(quote?.text).toBe(text);
    expect(content.slice(quote?.start, quote?.end)).toBe(text);
  }
});
