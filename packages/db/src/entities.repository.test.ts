import { eq } from "drizzle-orm";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type UserTransaction, withUser } from "./connection/access.ts";
import { createEntityRepository } from "./entities.repository.ts";
import { createFactRepository } from "./facts.repository.ts";
import { createMessageRepository } from "./messages.repository.ts";
import { reminders } from "./schema/index.ts";
import { createTestDatabase, type TestDatabase } from "./testing/database.ts";
import { createTestUser } from "./testing/users.ts";

let database: TestDatabase;
let ada: string;
let ben: string;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.close());
beforeEach(async () => {
  ada = await createTestUser(database.db, "Ada");
  ben = await createTestUser(database.db, "Ben");
});

const as = <T>(userId: string, body: (tx: UserTransaction) => Promise<T>) => withUser(database.db, userId, body);
const asAda = <T>(body: (entities: ReturnType<typeof createEntityRepository>, tx: UserTransaction) => Promise<T>) =>
  as(ada, (tx) => body(createEntityRepository(tx), tx));
const asBen = <T>(body: (entities: ReturnType<typeof createEntityRepository>) => Promise<T>) =>
  as(ben, (tx) => body(createEntityRepository(tx)));
const names = (rows: { canonicalName: string }[]) => rows.map((row) => row.canonicalName);

test("is found by every name whatever its case, the canonical ones first", async () => {
  await asAda(async (entities) => {
    await entities.create({ canonicalName: "Dmitri Петров", aliases: ["Dima", "ÉMILE"], type: "person" });
    await entities.create({ canonicalName: "Dima", type: "place" });
    expect(names(await entities.findByName("dIMA"))).toEqual(["Dima", "Dmitri Петров"]);
    expect(names(await entities.findByName("dmitri ПЕТРОВ"))).toEqual(["Dmitri Петров"]);
    expect(names(await entities.findByName("émile"))).toEqual(["Dmitri Петров"]);
    expect(await entities.findByName("di%")).toEqual([]);
    expect(names((await entities.list({ search: "DI" })).items)).toEqual(["Dima", "Dmitri Петров"]);
    expect(names((await entities.list({ search: "dmi", type: "person" })).items)).toEqual(["Dmitri Петров"]);
    expect((await entities.list({ search: "%" })).items).toEqual([]);
  });
  expect(await asBen((entities) => entities.findByName("Dima"))).toEqual([]);
  expect((await asBen((entities) => entities.list())).items).toEqual([]);
});

test("a change names the version it was made for", async () => {
  const { id } = await asAda((entities) => entities.create({ canonicalName: "Dima" }));
  expect(await asAda((entities) => entities.update(id, 1, { type: "person" }))).toMatchObject({ type: "person", version: 2 });
  await expect(asAda((entities) => entities.update(id, 1, { type: "place" }))).rejects.toMatchObject({ code: "CONFLICT" });
  await expect(asBen((entities) => entities.update(id, 2, { type: "place" }))).rejects.toMatchObject({ code: "NOT_FOUND" });
});

test("merging moves facts, reminders and names, and both histories stay", async () => {
  await asAda(async (entities, tx) => {
    const facts = createFactRepository(tx);
    const into = await entities.create({ canonicalName: "Dmitri", aliases: ["Dima"], description: "a climber" });
    const from = await entities.create({ canonicalName: "Mitya", aliases: ["dima", "Mit"], description: "from Graz" });
    const both = await facts.create({ content: "both", entityIds: [into.id, from.id] });
    const old = await facts.create({ content: "old", entityIds: [from.id] });
    const { fact } = await facts.update(old.id, 1, { content: "new" });
    await tx.insert(reminders).values({ userId: ada, title: "x", kind: "once", dtstartLocal: "2027-01-01T10:00:00", entityId: from.id });
    expect(await entities.merge(into.id, from.id)).toMatchObject({
      id: into.id,
      canonicalName: "Dmitri",
      aliases: ["Dima", "Mitya", "Mit"],
      description: "a climber\nfrom Graz",
      version: 2,
    });
    expect(await entities.findById(from.id)).toBeNull();
    const linked = await entities.listByFacts([both.id, old.id, fact.id]);
    expect(linked.map((link) => [link.factId, link.entity.id])).toEqual([both.id, old.id, fact.id].toSorted().map((id) => [id, into.id]));
    const [reminder] = await tx.select({ entityId: reminders.entityId }).from(reminders).where(eq(reminders.userId, ada));
    expect(reminder).toEqual({ entityId: into.id });
    await expect(entities.merge(into.id, into.id)).rejects.toMatchObject({ code: "NOT_FOUND" });
  });
});

test("deleting does what the preview said: facts of nobody else go, the others lose the link", async () => {
  const { dima, only, shared } = await asAda(async (entities, tx) => {
    const facts = createFactRepository(tx);
    const dima = await entities.create({ canonicalName: "Dima" });
    const olga = await entities.create({ canonicalName: "Olga" });
    await tx.insert(reminders).values({ userId: ada, title: "x", kind: "once", dtstartLocal: "2027-01-01T10:00:00", entityId: dima.id });
    const only = await facts.create({ content: "Dima climbs", entityIds: [dima.id] });
    const shared = await facts.create({ content: "Dima married Olga", entityIds: [dima.id, olga.id] });
    await facts.create({ content: "Olga sings", entityIds: [olga.id] });
    return { dima, only, shared };
  });
  for (const attempt of [
    () => asBen((entities) => entities.previewDelete(dima.id)),
    () => asBen((entities) => entities.delete(dima.id)),
    () => asBen((entities) => entities.merge(dima.id, dima.id)),
  ]) {
    await expect(attempt()).rejects.toMatchObject({ code: "NOT_FOUND" });
  }
  const preview = await asAda((entities) => entities.previewDelete(dima.id));
  expect(preview).toMatchObject({ entity: { id: dima.id }, factIds: [only.id], keptFactIds: [shared.id] });
  expect(preview.reminderIds).toHaveLength(1);
  expect((await asAda((entities) => entities.delete(dima.id))).factIds).toEqual(preview.factIds);
  await asAda(async (entities, tx) => {
    expect(names((await entities.list()).items)).toEqual(["Olga"]);
    expect((await createFactRepository(tx).list()).items.map((fact) => fact.content)).toEqual(["Olga sings", "Dima married Olga"]);
    expect(await tx.select({ entityId: reminders.entityId }).from(reminders).where(eq(reminders.userId, ada))).toEqual([
      { entityId: null },
    ]);
  });
});

async function remember(userId: string) {
  return as(userId, async (tx) => {
    const dima = await createEntityRepository(tx).create({ canonicalName: "Dima", aliases: ["Will", "張偉"] });
    const messages = createMessageRepository(tx);
    const { message } = await messages.store({ content: "Dima's birthday is on 14 March" });
    await messages.storeMany(["Will said so", "我見了張偉昨天", "The dimant is lost", "Olga sings"].map((content) => ({ content })));
    const facts = createFactRepository(tx);
    const old = await facts.create({
      content: "He was born on 14 March",
      entityIds: [dima.id],
      sourceMessageId: message.id,
      sourceQuote: "14 March",
    });
    await facts.update(old.id, 1, { content: "He was born on 15 March", entityIds: [] });
    await facts.create({ content: "DIMA climbs" });
    await facts.create({ content: "Olga sings", sourceMessageId: message.id, sourceQuote: "birthday" });
    await tx.insert(reminders).values({ userId, title: "Buy Dima a gift", kind: "once", dtstartLocal: "2027-01-01T10:00:00" });
    return dima;
  });
}

describe("forgetting everything", () => {
  test("about an entity reaches all its names, all versions, messages, quotes and reminders, and nothing else", async () => {
    const dima = await remember(ada);
    await remember(ben);
    await expect(asBen((entities) => entities.previewForget({ entityId: dima.id }))).rejects.toMatchObject({ code: "NOT_FOUND" });
    const preview = await asAda((entities) => entities.previewForget({ entityId: dima.id }));
    expect(preview.facts.map((fact) => fact.content).toSorted()).toEqual([
      "DIMA climbs",
      "He was born on 14 March",
      "He was born on 15 March",
    ]);
    expect(preview.messages.map((message) => message.content).toSorted()).toEqual([
      "Dima's birthday is on 14 March",
      "Will said so",
      "我見了張偉昨天",
    ]);
    expect(preview.reminders).toHaveLength(1);
    expect(preview.entities).toEqual([{ id: dima.id, canonicalName: "Dima" }]);
    const ids = {
      entityIds: preview.entities.map((row) => row.id),
      factIds: preview.facts.map((row) => row.id),
      messageIds: preview.messages.map((row) => row.id),
      reminderIds: preview.reminders.map((row) => row.id),
    };
    const nothing = { messageIds: [], factIds: [], cancelledReminderIds: [], entityIds: [], reminderIds: [] };
    expect(await asBen((entities) => entities.forget(ids))).toEqual(nothing);
    await asAda(async (entities, tx) => {
      const forgotten = await entities.forget(ids);
      expect({ ...forgotten, factIds: forgotten.factIds.toSorted(), messageIds: forgotten.messageIds.toSorted() }).toEqual({
        ...ids,
        factIds: ids.factIds.toSorted(),
        messageIds: ids.messageIds.toSorted(),
        cancelledReminderIds: [],
      });
      expect(await entities.previewForget({ words: "Dima" })).toEqual({ entities: [], facts: [], messages: [], reminders: [] });
      expect((await createMessageRepository(tx).list()).items.map((message) => message.content).toSorted()).toEqual([
        "Olga sings",
        "The dimant is lost",
      ]);
      expect((await createFactRepository(tx).list()).items).toEqual([
        expect.objectContaining({ content: "Olga sings", sourceQuote: null }),
      ]);
    });
    expect((await asBen((entities) => entities.previewForget({ words: "dima" }))).messages).toHaveLength(1);
  });

  test("about words needs words, and takes signs as they are", async () => {
    await remember(ada);
    await asAda(async (entities) => {
      await expect(entities.previewForget({ words: " " })).rejects.toMatchObject({ code: "BAD_REQUEST" });
      for (const words of [".*", "(", "[a", "D?ma", "\\", "x|Olga"]) expect((await entities.previewForget({ words })).messages).toEqual([]);
      expect((await entities.previewForget({ words: "14 march" })).facts).toHaveLength(2);
    });
  });
});

test("lists those that were known at a time, and those of whom a fact was true then", async () => {
  const { dima, before } = await asAda(async (entities, tx) => {
    const created = await entities.create({ canonicalName: "Dima" });
    await entities.create({ canonicalName: "Vera" });
    await createFactRepository(tx).create({
      content: "Dima lived in Vienna",
      validFrom: new Date("2020-01-01T00:00:00Z"),
      validTo: new Date("2021-01-01T00:00:00Z"),
      entityIds: [created.id],
    });
    return { dima: created, before: new Date(created.createdAt.getTime() - 1) };
  });
  await asAda(async (entities) => {
    const listed = async (at: { asOf?: Date; validAt?: Date }) => names((await entities.list(at)).items).toSorted();
    expect(await listed({ asOf: dima.createdAt })).toEqual(["Dima", "Vera"]);
    expect(await listed({ asOf: before })).toEqual([]);
    expect(await listed({ validAt: new Date("2020-06-01T00:00:00Z") })).toEqual(["Dima"]);
    expect(await listed({ validAt: new Date("2021-06-01T00:00:00Z") })).toEqual([]);
    expect(names((await entities.list({ id: dima.id })).items)).toEqual(["Dima"]);
  });
});
