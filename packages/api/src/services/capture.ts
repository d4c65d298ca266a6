import { type Remember, understand, type Understanding } from "@mema/shared";
import {
  createEntityRepository,
  createFactRepository,
  createMessageRepository,
  createUserRepository,
  type Message,
  type NewMessage,
  type UserTransaction,
} from "@mema/db";
import type { z } from "zod";
import type { Understood } from "../outputs.ts";
import type { messageInput } from "../routers/messages.ts";
import type { Recorded } from "../trpc.ts";

type MessageInput = z.infer<typeof messageInput>;

interface Capturing {
  tx: UserTransaction;
  record: (type: Recorded["type"], payload: Recorded["payload"]) => void;
}

/** A message as it is stored: verbatim. */
export const toNewMessage = ({ text, ...rest }: MessageInput): NewMessage => ({ ...rest, content: text });

/**
 * Stores a message and acts on what a person says in so many words; nothing is guessed. A retry (same source and external id) stores and
 * does nothing and gets the first answer. TOO_MANY_REQUESTS past the user's hourly limit.
 */
export async function sendMessage({ tx, record }: Capturing, input: MessageInput): Promise<{ message: Message; understood: Understood[] }> {
  const messages = createMessageRepository(tx);
  const { message, created } = await messages.store(toNewMessage(input));
  if (!created) return { message, understood: await understandAgain(tx, message) };
  record("message.created", { messageId: message.id });
  const understood: Understood[] = [];
  for (const said of await read(tx, message)) {
    const done = await act(tx, message, said, record);
    if (done !== null) understood.push(done);
  }
  return { message: await messages.setProcessingStatus(message.id, "processed"), understood };
}

/** What the rules read in a message, in the user's zone at the time it was sent. Only what the user said is read. */
async function read(tx: UserTransaction, message: Message): Promise<Understanding[]> {
  if (message.role !== "user") return [];
  const user = await createUserRepository(tx).get();
  return understand(message.content, { now: message.sentAt, timezone: user.timezone ?? "UTC", locale: user.locale });
}

async function act(tx: UserTransaction, message: Message, said: Understanding, record: Capturing["record"]): Promise<Understood | null> {
  switch (said.kind) {
    case "remember":
      return remember(tx, message, said, record);
    case "forget":
      return { kind: "forget", what: said.what, preview: await previewForgetting(tx, said.what), ...quoteOf(said) };
    default:
      return null;
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
  return { kind: "fact", factId: fact.id, content: fact.content, factType: fact.factType, entities: about, ...quoteOf(said) };
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
  const understood: Understood[] = [];
  for (const said of await read(tx, message)) {
    if (said.kind !== "remember") continue;
    const fact = facts.find(({ sourceStart }) => sourceStart === said.start);
    if (fact === undefined) continue;
    const entities = entityLinks
      .filter(({ factId }) => factId === fact.id)
      .map(({ entity }) => ({ id: entity.id, name: entity.canonicalName }));
    understood.push({ kind: "fact", factId: fact.id, content: fact.content, factType: fact.factType, entities, ...quoteOf(said) });
  }
  return understood;
}

const quoteOf = ({ quote, start, end }: { quote: string; start: number; end: number }) => ({ quote, start, end });
