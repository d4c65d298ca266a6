import { eq } from "drizzle-orm";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type UserTransaction, withUser } from "./connection/access.ts";
import { createEntityRepository } from "./entities.repository.ts";
import { createFactRepository } from "./facts.repository.ts";
import { createMessageRepository } from "./messages.repository.ts";
import { factEntities, reminderDeliveries, reminderOccurrences, reminders, channels } from "./schema/index.ts";
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
const asAda = <T>(body: (facts: ReturnType<typeof createFactRepository>, tx: UserTransaction) => Promise<T>) =>
  as(ada, (tx) => body(createFactRepository(tx), tx));
const asBen = <T>(body: (facts: ReturnType<typeof createFactRepository>) => Promise<T>) => as(ben, (tx) => body(createFactRepository(tx)));
const day = (number: number) => new Date(Date.UTC(2025, 0, number));

/** A fact of four versions a, b, c, d, recorded on the first four days of 2025. */
async function chain(): Promise<[string, string, string, string]> {
  return asAda(async (facts) => {
    const a = await facts.create({ content: "a", recordedAt: day(1) });
    const b = await facts.update(a.id, 1, { content: "b" }, day(2));
    const c = await facts.update(b.fact.id, 1, { content: "c" }, day(3));
    const d = await facts.update(c.fact.id, 1, { content: "d" }, day(4));
    return [a.id, b.fact.id, c.fact.id, d.fact.id];
  });
}
const contents = (rows: { content: string }[]) => rows.map(({ content }) => content).join("");

describe("a quote", () => {
  test("that is not word for word in the user's own message is refused", async () => {
    const { message } = await as(ada, (tx) => createMessageRepository(tx).store({ content: "Dima is 30. Dima climbs." }));
    const base = { content: "x", sourceMessageId: message.id };
    expect(await asAda((facts) => facts.create({ ...base, sourceQuote: "Dima", sourceStart: 12 }))).toMatchObject({
      sourceStart: 12,
      sourceEnd: 16,
    });
    for (const wrong of [{ sourceQuote: "dima" }, { sourceQuote: "" }, { sourceQuote: "Dima", sourceStart: 11 }]) {
      await expect(asAda((facts) => facts.create({ ...base, ...wrong }))).rejects.toMatchObject({
        code: "BAD_REQUEST",
        issues: [{ path: ["sourceQuote"] }],
      });
    }
    await expect(asBen((facts) => facts.create({ ...base, sourceQuote: "Dima" }))).rejects.toMatchObject({ code: "NOT_FOUND" });
    await expect(asBen((facts) => facts.create(base))).rejects.toThrow();
  });
});

describe("updating", () => {
  test("keeps the old version as outdated, carries over what was not given and links the new one", async () => {
    const done = await asAda(async (facts, tx) => {
      const dima = await createEntityRepository(tx).create({ canonicalName: "Dima", type: "person" });
      const { message } = await createMessageRepository(tx).store({ content: "Dima's birthday is on 14 March" });
      const old = await facts.create({
        content: "Dima's birthday is on 14 March",
        factType: "date",
        eventDate: "2025-03-14",
        temporalSensitivity: "permanent",
        sourceMessageId: message.id,
        sourceQuote: "14 March",
        entityIds: [dima.id, dima.id],
      });
      const [reminder] = await tx
        .insert(reminders)
        .values({
          userId: ada,
          title: "gift",
          kind: "fact_relative",
          dtstartLocal: "2025-03-11T09:00:00",
          anchorFactId: old.id,
          anchorOffset: "-P3D",
        })
        .returning({ id: reminders.id });
      const updated = await facts.update(old.id, 1, { content: "Dima's birthday is on 15 March", eventDate: "2025-03-15" });
      const links = await tx.select({ factId: factEntities.factId }).from(factEntities).where(eq(factEntities.entityId, dima.id));
      const [moved] = await tx.select({ anchor: reminders.anchorFactId }).from(reminders).where(eq(reminders.userId, ada));
      return { old, reminder, updated, links, moved };
    });
    const { fact, previous, reminderIds } = done.updated;
    expect(previous).toMatchObject({ id: done.old.id, status: "outdated", outdatedReason: "superseded", version: 2 });
    expect(fact).toMatchObject({
      status: "active",
      factType: "date",
      eventDate: "2025-03-15",
      temporalSensitivity: "permanent",
      sourceQuote: null,
      previousVersionId: done.old.id,
      recordedAt: previous.supersededAt,
    });
    expect(reminderIds).toEqual([done.reminder?.id]);
    expect(done.moved).toEqual({ anchor: fact.id });
    expect(done.links.map(({ factId }) => factId).toSorted()).toEqual([done.old.id, fact.id].toSorted());
    expect(fact).not.toHaveProperty("embedding");
  });

  test("of ten at once exactly one wins and nobody forks the history", async () => {
    const { id } = await asAda((facts) => facts.create({ content: "0" }));
    const results = await Promise.allSettled(
      Array.from({ length: 10 }, (_, at) => asAda((facts) => facts.update(id, 1, { content: String(at) }))),
    );
    expect(results.filter((result) => result.status === "fulfilled")).toHaveLength(1);
    for (const result of results) if (result.status === "rejected") expect(result.reason).toMatchObject({ code: "CONFLICT" });
    expect(await asAda((facts) => facts.history(id))).toHaveLength(2);
    await expect(asAda((facts) => facts.update(id, 2, { content: "late" }))).rejects.toMatchObject({ code: "CONFLICT" });
    await expect(asAda((facts) => facts.retract(id, 2))).rejects.toMatchObject({ code: "CONFLICT" });
  });

  test("keeps the quote when the words stay", async () => {
    const kept = await asAda(async (facts, tx) => {
      const { message } = await createMessageRepository(tx).store({ content: "I live in Graz" });
      const fact = await facts.create({ content: "Ada lives in Graz", sourceMessageId: message.id, sourceQuote: "live in Graz" });
      return (await facts.update(fact.id, 1, { factType: "location" })).fact;
    });
    expect(kept).toMatchObject({ factType: "location", sourceQuote: "live in Graz", sourceStart: 2, sourceEnd: 14 });
  });

  test("retracting leaves no current version", async () => {
    const { id } = await asAda((facts) => facts.create({ content: "x" }));
    expect((await asAda((facts) => facts.retract(id, 1))).fact).toMatchObject({ status: "outdated", outdatedReason: "retracted" });
    expect((await asAda((facts) => facts.list({ status: "active" }))).items).toEqual([]);
  });
});

describe("history", () => {
  test("is whole and in order from any version", async () => {
    for (const id of await chain()) expect(contents(await asAda((facts) => facts.history(id)))).toBe("abcd");
  });

  test.each([
    [[1], "acd"],
    [[0], "bcd"],
    [[3], "abc"],
    [[1, 2], "ad"],
    [[2, 1], "ad"],
    [[0, 3], "bc"],
  ])("closes over the deleted versions %j", async (positions, left) => {
    const ids = await chain();
    for (const at of positions) await asAda((facts) => facts.delete(ids[at] ?? ""));
    const stays = ids.findIndex((_, at) => !positions.includes(at));
    expect(contents(await asAda((facts) => facts.history(ids[stays] ?? "")))).toBe(left);
  });

  test("goes as a whole when all versions are asked for, and neighbours of several at once are linked", async () => {
    const ids = await chain();
    const other = await chain();
    expect((await asAda((facts) => facts.delete(ids[2], { allVersions: true }))).factIds.toSorted()).toEqual(ids.toSorted());
    await asAda((_, tx) => createEntityRepository(tx).forget({ factIds: [other[1], other[2]] }));
    expect(contents(await asAda((facts) => facts.history(other[3])))).toBe("ad");
  });
});

const believed = async (asOf: Date) => contents((await asAda((facts) => facts.list({ asOf }))).items);

describe("time", () => {
  test("asOf answers what was believed: each instant between the first record and now belongs to exactly one version", async () => {
    await chain();
    expect(await believed(new Date(day(1).getTime() - 1))).toBe("");
    for (const [at, letter] of ["a", "b", "c", "d"].entries()) {
      expect(await believed(day(at + 1))).toBe(letter);
      expect(await believed(new Date(day(at + 2).getTime() - 1))).toBe(letter);
    }
  });

  test("an update at an instant before the record leaves no gap and no overlap", async () => {
    const { previous, fact } = await asAda(async (facts) => {
      const first = await facts.create({ content: "x", recordedAt: day(9) });
      return facts.update(first.id, 1, { content: "y" }, day(2));
    });
    expect(previous.supersededAt).toEqual(day(9));
    expect(fact.recordedAt).toEqual(day(9));
  });

  test("validAt answers what was true, with open ends", async () => {
    await asAda(async (facts) => {
      await facts.create({ content: "a", validTo: day(5) });
      await facts.create({ content: "b", validFrom: day(5), validTo: day(7) });
      await facts.create({ content: "c", validFrom: day(6) });
      await facts.create({ content: "d" });
      const valid = async (validAt: Date) => contents((await facts.list({ validAt })).items.toReversed());
      expect(await valid(day(4))).toBe("ad");
      expect(await valid(day(5))).toBe("bd");
      expect(await valid(day(6))).toBe("bcd");
      expect(await valid(day(7))).toBe("cd");
    });
  });

  test("lists by type, entity, source and record, newest first", async () => {
    await asAda(async (facts, tx) => {
      const dima = await createEntityRepository(tx).create({ canonicalName: "Dima" });
      const { message } = await createMessageRepository(tx).store({ content: "x" });
      await facts.create({ content: "a", factType: "health", recordedAt: day(1) });
      await facts.create({ content: "b", entityIds: [dima.id], recordedAt: day(2) });
      await facts.create({ content: "c", sourceMessageId: message.id, recordedAt: day(3) });
      const listed = async (filters: Parameters<typeof facts.list>[0]) => contents((await facts.list(filters)).items);
      expect(await listed({ factType: "health" })).toBe("a");
      expect(await listed({ entityId: dima.id })).toBe("b");
      expect(await listed({ sourceMessageId: message.id })).toBe("c");
      expect(await listed({ from: day(2), to: day(3) })).toBe("b");
    });
  });
});

test("deleting the fact that a reminder is timed by cancels it and what was about to be sent", async () => {
  const { factId, reminderId } = await asAda(async (facts, tx) => {
    const fact = await facts.create({ content: "birthday", eventDate: "2027-03-14" });
    const [reminder] = await tx
      .insert(reminders)
      .values({
        userId: ada,
        title: "gift",
        kind: "fact_relative",
        dtstartLocal: "2027-03-11T09:00:00",
        anchorFactId: fact.id,
        anchorOffset: "-P3D",
        nextOccurrenceAt: day(11),
        nextWakeAt: day(11),
      })
      .returning({ id: reminders.id });
    const [occurrence] = await tx
      .insert(reminderOccurrences)
      .values({ userId: ada, reminderId: reminder?.id ?? "", occurrenceAt: day(11) })
      .returning({ id: reminderOccurrences.id });
    const [channel] = await tx.insert(channels).values({ userId: ada, type: "log", name: "log" }).returning({ id: channels.id });
    await tx.insert(reminderDeliveries).values({
      userId: ada,
      reminderId: reminder?.id,
      occurrenceId: occurrence?.id,
      channelId: channel?.id ?? "",
      step: "alert:0",
      dueAt: day(11),
      nextAttemptAt: day(11),
      expiresAt: day(12),
    });
    return { factId: fact.id, reminderId: reminder?.id };
  });
  expect((await asAda((facts) => facts.delete(factId))).cancelledReminderIds).toEqual([reminderId]);
  await asAda(async (_, tx) => {
    const [reminder] = await tx.select().from(reminders).where(eq(reminders.userId, ada));
    expect(reminder).toMatchObject({
      status: "cancelled",
      statusReason: "anchor_fact_deleted",
      anchorFactId: null,
      nextWakeAt: null,
      version: 2,
    });
    const states = await tx
      .select({ occurrence: reminderOccurrences.status, delivery: reminderDeliveries.status })
      .from(reminderOccurrences)
      .innerJoin(reminderDeliveries, eq(reminderDeliveries.occurrenceId, reminderOccurrences.id))
      .where(eq(reminderOccurrences.userId, ada));
    expect(states).toEqual([{ occurrence: "cancelled", delivery: "cancelled" }]);
  });
});

test("another user sees no version, no use and no history, and changes none", async () => {
  const [first, , , last] = await chain();
  const { message } = await as(ada, (tx) => createMessageRepository(tx).store({ content: "answer" }));
  await asAda((facts) => facts.recordUses([{ factId: last, messageId: message.id, score: 0.5 }]));
  expect(await asAda((facts) => facts.listUses({ factId: last }))).toHaveLength(1);
  await asBen(async (facts) => {
    expect(await facts.findById(last)).toBeNull();
    expect((await facts.list({ asOf: day(3) })).items).toEqual([]);
    expect(await facts.listUses({ factId: last })).toEqual([]);
    expect(await facts.listUses({ messageId: message.id })).toEqual([]);
    for (const attempt of [
      () => facts.getById(last),
      () => facts.history(first),
      () => facts.update(last, 1, { content: "e" }),
      () => facts.retract(last, 1),
      () => facts.delete(last),
      () => facts.delete(first, { allVersions: true }),
    ]) {
      await expect(attempt()).rejects.toMatchObject({ code: "NOT_FOUND" });
    }
  });
  await expect(asBen((facts) => facts.recordUses([{ factId: last, score: 1 }]))).rejects.toThrow();
  expect(contents(await asAda((facts) => facts.history(last)))).toBe("abcd");
});

describe("undoing", () => {
  test("a correction brings back what was said before with its source and its entities, as one more version", async () => {
    const { message } = await as(ada, (tx) => createMessageRepository(tx).store({ content: "Dima lives in Vienna" }));
    await asAda(async (facts, tx) => {
      const dima = await createEntityRepository(tx).create({ canonicalName: "Dima" });
      const first = await facts.create({
        content: "Dima lives in Vienna",
        factType: "location",
        sourceMessageId: message.id,
        sourceQuote: "Vienna",
        entityIds: [dima.id],
      });
      const { fact: wrong } = await facts.update(first.id, 1, { content: "Dima lives in Graz", factType: "other", entityIds: [] });
      const { fact, previous } = await facts.undo(wrong.id, 1);
      expect(previous.id).toBe(wrong.id);
      expect(fact).toMatchObject({
        content: first.content,
        factType: "location",
        sourceQuote: "Vienna",
        sourceStart: 14,
        status: "active",
      });
      expect((await createEntityRepository(tx).listByFacts([fact.id])).map(({ entity }) => entity.id)).toEqual([dima.id]);
      expect(contents(await facts.history(first.id))).toBe("Dima lives in ViennaDima lives in GrazDima lives in Vienna");
      expect((await facts.undo(fact.id, 1)).fact.content).toBe("Dima lives in Graz");
    });
  });

  test("a retraction makes the fact believed again", async () => {
    await asAda(async (facts) => {
      const first = await facts.create({ content: "a" });
      const { fact: retracted } = await facts.retract(first.id, 1);
      await expect(facts.undo(first.id, 1)).rejects.toMatchObject({ code: "CONFLICT" });
      const { fact } = await facts.undo(first.id, retracted.version);
      expect(fact).toMatchObject({ content: "a", status: "active", previousVersionId: first.id });
      expect((await facts.list({ status: "active" })).items.map(({ id }) => id)).toEqual([fact.id]);
    });
  });

  test("is refused for a first version, an old version, a stale one and another user's", async () => {
    const [a, , , d] = await chain();
    await asAda(async (facts) => {
      const first = await facts.create({ content: "x" });
      for (const [id, version] of [
        [first.id, 1],
        [a, 1],
        [d, 7],
      ] as const) {
        await expect(facts.undo(id, version)).rejects.toMatchObject({ code: "CONFLICT" });
      }
    });
    await expect(asBen((facts) => facts.undo(d, 1))).rejects.toMatchObject({ code: "NOT_FOUND" });
  });
});

test("any version leads to the one that was believed, or true, at a time", async () => {
  const [a, b, , d] = await chain();
  await asAda(async (facts) => {
    for (const id of [a, b, d]) {
      expect((await facts.getVersion(id, { asOf: new Date(Date.UTC(2025, 0, 2, 12)) })).content).toBe("b");
      expect((await facts.getVersion(id, { validAt: day(1) })).content).toBe("d");
      await expect(facts.getVersion(id, { asOf: new Date(Date.UTC(2024, 11, 31)) })).rejects.toMatchObject({ code: "NOT_FOUND" });
    }
  });
  await expect(asBen((facts) => facts.getVersion(a, { asOf: day(3) }))).rejects.toMatchObject({ code: "NOT_FOUND" });
});
