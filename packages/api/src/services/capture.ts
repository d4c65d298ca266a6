import { AppError, type Remember, type Remind, type RemindUnclear, type SaidSchedule, understand, type Understanding } from "@mema/shared";
import {
  createEntityRepository,
  createFactRepository,
  createMessageRepository,
  createReminderRepository,
  createUserRepository,
  databaseClock,
  type Fact,
  type Message,
  type NewMessage,
  type UserTransaction,
} from "@mema/db";
import type { z } from "zod";
import type { Limits, Recorded } from "../context.ts";
import type { Understood } from "../outputs.ts";
import type { messageInput } from "../routers/messages.ts";
import { limitMessages } from "./limits.ts";
import { searchMemory } from "./recall.ts";
import type { ReminderInput, ReminderTiming } from "./reminder-definition.ts";
import { type ReminderView, viewReminders } from "./reminder-view.ts";
import { userNow } from "./reminder-view.ts";
import { createReminder } from "./reminders.ts";

/** How many things an answer to "what do you know about ..." names. */
const answers = 5;
/** When a reminder that hangs on a day fires, if nobody says otherwise. */
const anchorTime = "09:00";

type MessageInput = z.infer<typeof messageInput>;

interface Capturing {
  tx: UserTransaction;
  services: { limits: Limits };
  record: (type: Recorded["type"], payload: Recorded["payload"]) => void;
}

/** A message as it is stored: verbatim. */
export const toNewMessage = ({ text, ...rest }: MessageInput): NewMessage => ({ ...rest, content: text });

/**
 * Stores a message and acts on what a person says in so many words; nothing is guessed. A retry (same source and external id) stores and
 * does nothing and gets the first answer. TOO_MANY_REQUESTS past the user's hourly limit.
 */
export async function sendMessage(
  { tx, services, record }: Capturing,
  input: MessageInput,
): Promise<{ message: Message; understood: Understood[] }> {
  const messages = createMessageRepository(tx);
  const { message, created } = await messages.store(toNewMessage(input));
  if (!created) return { message, understood: await understandAgain(tx, message) };
  await limitMessages(tx, services.limits.messagesPerHour);
  record("message.created", { messageId: message.id });
  const understood: Understood[] = [];
  for (const one of await read(tx, message)) understood.push(await act(tx, message, one, record));
  return { message: await messages.setProcessingStatus(message.id, "processed"), understood };
}

/** What the rules read in a message, in the user's zone at the time it was sent. Only what the user said is read. */
async function read(tx: UserTransaction, message: Message): Promise<Understanding[]> {
  if (message.role !== "user") return [];
  const user = await createUserRepository(tx).get();
  return understand(message.content, { now: message.sentAt, timezone: user.timezone ?? "UTC", locale: user.locale });
}

async function act(tx: UserTransaction, message: Message, said: Understanding, record: Capturing["record"]): Promise<Understood> {
  switch (said.kind) {
    case "remember":
      return remember(tx, message, said, record);
    case "remind":
      return setReminder(tx, message, said, { title: said.title, ...timingOf(said.schedule) }, record);
    case "remind_unclear": {
      const { relative, title } = said;
      // "-P3D" is three days before; a time after a fact's day cannot be set and is asked about.
      if (title === undefined || relative === undefined || !relative.offset.startsWith("-")) return answer(tx, message, said);
      const anchor = await findAnchor(tx, message, relative.anchor);
      if (anchor === null) return answer(tx, message, said);
      const beforeFact = { factId: anchor.id, offset: relative.offset.slice(1), time: anchorTime, yearly: false };
      return setReminder(tx, message, said, { title, beforeFact }, record);
    }
    default:
      return answer(tx, message, said);
  }
}

async function remember(tx: UserTransaction, message: Message, said: Remember, record: Capturing["record"]): Promise<Understood> {
  const entities = createEntityRepository(tx);
  const about: { id: string; name: string }[] = [];
  for (const { name, type } of said.entities) {
    const [known] = await entities.findByName(name);
    const entity = known ?? (await entities.create({ canonicalName: name, type }));
    if (known === undefined) record("entity.created", { entityId: entity.id });
    if (!about.some(({ id }) => id === entity.id)) about.push({ id: entity.id, name: entity.canonicalName });
  }
  const fact = await createFactRepository(tx).create({
    content: said.content,
    factType: said.factType,
    temporalSensitivity: said.temporalSensitivity,
    eventDate: said.eventDate ?? null,
    sourceMessageId: message.id,
    sourceQuote: said.quote,
    sourceStart: said.start,
    entityIds: about.map(({ id }) => id),
  });
  record("fact.created", { factId: fact.id });
  return understoodFact(fact, about, said);
}

function understoodFact({ id: factId, content, factType }: Fact, entities: { id: string; name: string }[], said: Remember): Understood {
  return { kind: "fact", factId, content, factType, entities, ...quoteOf(said) };
}

async function setReminder(
  tx: UserTransaction,
  message: Message,
  said: Remind | RemindUnclear,
  input: ReminderInput,
  record: Capturing["record"],
): Promise<Understood> {
  try {
    // A refusal must not undo the message: nothing was written when the definition is refused.
    const reminder = await createReminder(tx, { ...input, sourceMessageId: message.id });
    record("reminder.created", { reminderId: reminder.id });
    return understoodReminder(reminder, said);
  } catch (error) {
    // A time that has passed since the message was written, say: nothing is guessed, the person is asked.
    if (!(error instanceof AppError && error.code === "BAD_REQUEST")) throw error;
    return { kind: "question", about: "reminder", question: `I could not set this reminder: ${error.message}`, ...quoteOf(said) };
  }
}

/** A repeated reminder follows the person's zone; a single one stays at its instant. */
export function timingOf(schedule: SaidSchedule): ReminderTiming {
  const { dtstartLocal, tz } = schedule;
  const overlap = schedule.overlapPolicy === undefined ? {} : { overlapPolicy: schedule.overlapPolicy };
  switch (schedule.kind) {
    case "once":
      return { at: { local: dtstartLocal, tz }, ...overlap };
    case "recurring":
      return { rrule: schedule.rrule, dtstartLocal, ...overlap };
    case "interval": {
      const { intervalSeconds, countTotal, untilAt } = schedule;
      return { every: { seconds: intervalSeconds }, dtstartLocal, tz, countTotal, untilAt, ...overlap };
    }
  }
}

function understoodReminder({ id: reminderId, title, next, upcoming }: ReminderView, said: Remind | RemindUnclear): Understood {
  // The time of day of a reminder before a fact was not said either.
  const assumedTime = said.kind === "remind" ? said.assumedTime : true;
  return { kind: "reminder", reminderId, title, assumedTime, next, upcoming, ...quoteOf(said) };
}

/** What changes nothing: questions, and requests to forget, which show first what there is. */
async function answer(tx: UserTransaction, message: Message, said: Exclude<Understanding, Remember | Remind>): Promise<Understood> {
  switch (said.kind) {
    case "remind_unclear":
      return { kind: "question", about: "reminder", question: said.question, ...quoteOf(said) };
    case "forget":
      return { kind: "forget", what: said.what, preview: await previewForgetting(tx, said.what), ...quoteOf(said) };
    case "ask": {
      const { results } = await searchMemory(tx, { query: said.about, limit: answers + 1 });
      const others = results.filter(({ messageId }) => messageId !== message.id).slice(0, answers);
      return { kind: "answer", about: said.about, results: others, ...quoteOf(said) };
    }
  }
}

/**
 * "Remind me three days before" hangs on a dated fact: the one that this message states, or the one whose words were named. Null when
 * there is not exactly one, so that the person is asked.
 */
async function findAnchor(tx: UserTransaction, message: Message, anchor: string | null): Promise<Fact | null> {
  const facts = createFactRepository(tx);
  const { items } =
    anchor === null
      ? await facts.list({ sourceMessageId: message.id, status: "active", limit: 100 })
      : { items: await factsAbout(tx, anchor) };
  const dated = items.filter(({ eventDate }) => eventDate !== null);
  return dated.length === 1 ? (dated[0] ?? null) : null;
}

async function factsAbout(tx: UserTransaction, anchor: string): Promise<Fact[]> {
  const words = anchor.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
  const { results } = await searchMemory(tx, { query: anchor, limit: 20, kinds: ["fact"] });
  const found: Fact[] = [];
  for (const { id, text } of results) {
    // Every word that was said must be in the fact: a near match is a guess.
    const there = new Set(text.toLowerCase().match(/[\p{L}\p{N}]+/gu));
    if (words.every((word) => word === "s" || there.has(word))) found.push(await createFactRepository(tx).getById(id));
  }
  return found;
}

/** A name means that entity with all it has; other words mean whatever holds them. */
async function previewForgetting(tx: UserTransaction, what: string) {
  const entities = createEntityRepository(tx);
  const [entity] = await entities.findByName(what);
  return entities.previewForget(entity === undefined ? { words: what } : { entityId: entity.id });
}

/** The first answer to a message again, from what it left behind. */
async function understandAgain(tx: UserTransaction, message: Message): Promise<Understood[]> {
  const { items: facts } = await createFactRepository(tx).list({ sourceMessageId: message.id, limit: 100 });
  const entityLinks = await createEntityRepository(tx).listByFacts(facts.map(({ id }) => id));
  const { now, userZone } = await userNow(tx, databaseClock);
  const stored = await createReminderRepository(tx).listBySourceMessage(message.id);
  const reminders = await viewReminders(tx, stored, userZone, now);
  const understood: Understood[] = [];
  for (const said of await read(tx, message)) {
    if (said.kind === "remember") {
      const fact = facts.find(({ sourceStart }) => sourceStart === said.start);
      const about = entityLinks
        .filter(({ factId }) => factId === fact?.id)
        .map(({ entity }) => ({ id: entity.id, name: entity.canonicalName }));
      if (fact !== undefined) understood.push(understoodFact(fact, about, said));
    } else if (said.kind === "remind" || said.kind === "remind_unclear") {
      const reminder = reminders.find(({ title }) => title === said.title);
      if (reminder !== undefined) understood.push(understoodReminder(reminder, said));
      else if (said.kind === "remind_unclear") understood.push(await answer(tx, message, said));
    } else {
      understood.push(await answer(tx, message, said));
    }
  }
  return understood;
}

const quoteOf = ({ quote, start, end }: { quote: string; start: number; end: number }) => ({ quote, start, end });
