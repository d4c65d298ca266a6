import { keyScopes, nextOccurrence, type Schedule } from "@mema/shared";
import type { UserTransaction } from "../connection/access.ts";
import { createConversationRepository } from "../conversations.repository.ts";
import { createEntityRepository } from "../entities.repository.ts";
import { createFactRepository } from "../facts.repository.ts";
import { createMessageRepository } from "../messages.repository.ts";
import { createReminderRepository, type NewReminder } from "../reminders.repository.ts";
import { createApiKeyRepository } from "../sign-in.repository.ts";
import { createUserRepository } from "../users.repository.ts";

/** One fixed user, so that seeding again finds her instead of making another. */
export const demoUserId = "019a9b00-0000-7000-8000-00000000ada0";
const tz = "Europe/Berlin";
const keyName = "demo";

const said = [
  "Dima's birthday is on 14 March. He loves climbing. Remind me three days before to buy a gift.",
  "And remind me every weekday at 08:30 to take my pills.",
  "I moved to Berlin last spring and work at a small bakery near the river.",
];

/** Stores Ada's memory: a conversation, what she said, what follows from it, her reminders. `now` decides when they are next due. */
export async function storeDemoUser(tx: UserTransaction, now: Date): Promise<void> {
  await createUserRepository(tx).create({ name: "Ada", timezone: tz, locale: "en" });
  const conversation = await createConversationRepository(tx).create({ title: "Birthdays and pills" });
  const stored = await createMessageRepository(tx).storeMany(
    said.map((content, index) => ({ content, conversationId: conversation.id, source: "seed", externalId: String(index), sentAt: now })),
  );
  const [birthdayMessage, pillsMessage, moveMessage] = stored.map(({ message }) => message.id);
  const entities = createEntityRepository(tx);
  const dima = await entities.create({ canonicalName: "Dima", type: "person" });
  const berlin = await entities.create({ canonicalName: "Berlin", type: "place" });
  const facts = createFactRepository(tx);
  const birthday = nextBirthday(now);
  const fact = await facts.create({
    factType: "date",
    content: "Dima's birthday is on 14 March",
    eventDate: birthday.toString(),
    temporalSensitivity: "permanent",
    sourceMessageId: birthdayMessage,
    sourceQuote: "Dima's birthday is on 14 March",
    entityIds: [dima.id],
  });
  await facts.create({
    factType: "preference",
    content: "Dima loves climbing",
    sourceMessageId: birthdayMessage,
    sourceQuote: "He loves climbing",
    entityIds: [dima.id],
  });
  await facts.create({
    factType: "location",
    content: "Ada lives in Berlin",
    sourceMessageId: moveMessage,
    sourceQuote: "I moved to Berlin last spring",
    entityIds: [berlin.id],
  });
  const reminders = createReminderRepository(tx);
  const giftLocal = `${birthday.subtract({ days: 3 }).toString()}T09:00:00`;
  const gift = due({ kind: "once", dtstartLocal: giftLocal, tz }, new Date(0));
  await reminders.create(
    {
      ...gift,
      title: "Buy a gift for Dima",
      kind: "fact_relative",
      dtstartLocal: giftLocal,
      tz,
      anchorFactId: fact.id,
      anchorOffset: "-P3D",
      entityId: dima.id,
      sourceMessageId: birthdayMessage,
    },
    [{ ordinal: 0, offsetSeconds: 0, channelIds: [] }],
  );
  const today = Temporal.Instant.fromEpochMilliseconds(now.getTime()).toZonedDateTimeISO(tz).toPlainDate();
  const pills = { kind: "recurring", dtstartLocal: `${today.toString()}T08:30:00`, tz, rrule: "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR" } as const;
  await reminders.create({ ...due(pills, now), ...pills, title: "Take my pills", sourceMessageId: pillsMessage }, [
    { ordinal: 0, offsetSeconds: 0, channelIds: [] },
  ]);
}

/** A key that only its hash is kept of: seeding again cannot show the old one, so it makes a new one in its place. */
export async function renewDemoKey(tx: UserTransaction): Promise<string> {
  const keys = createApiKeyRepository(tx);
  for (const key of await keys.list()) if (key.name === keyName && key.revokedAt === null) await keys.revoke(key.id);
  const { token } = await keys.create({ name: keyName, scopes: [...keyScopes] });
  return token;
}

/** Far enough ahead that the gift's reminder, three days before, is still to come. */
function nextBirthday(now: Date): Temporal.PlainDate {
  const soonest = Temporal.Instant.fromEpochMilliseconds(now.getTime()).toZonedDateTimeISO(tz).toPlainDate().add({ days: 4 });
  const thisYear = Temporal.PlainDate.from({ year: soonest.year, month: 3, day: 14 });
  return Temporal.PlainDate.compare(thisYear, soonest) >= 0 ? thisYear : thisYear.add({ years: 1 });
}

/** Where the schedule stands: its next occurrence, and the worker is to look at it then. */
function due(schedule: Schedule, after: Date): Pick<NewReminder, "nextOccurrenceAt" | "expandFromAt" | "nextWakeAt"> {
  const at = nextOccurrence(schedule, after)?.at ?? null;
  return { nextOccurrenceAt: at, expandFromAt: at, nextWakeAt: at };
}
