import { badInput, notFound } from "@mema/shared";
import { and, type Column, eq, or, type SQL, sql } from "drizzle-orm";
import type { UserTransaction } from "./connection/access.ts";
import { deleteFacts, deleteMessages, forgetMentions } from "./deletion.ts";
import { versionIds } from "./fact-history.ts";
import type { EntityRepository, Forgotten, ForgetPreview, ForgetSelector } from "./interfaces.ts";
import { entities, factEntities, facts, messages, reminderChanges, reminderOccurrences, reminders } from "./schema/index.ts";
import { isOneOf } from "./sql-fragments.ts";
import { searchConfig } from "./text-search.ts";

/** Scripts that write no spaces between words: there a name is looked for inside of words. */
const unspaced = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/u;

/** That a text holds the phrase as it stands, whatever its case; at the borders of words where the script has any. */
function holds(text: SQL | Column, phrase: string): SQL {
  const literal = phrase.replaceAll(/[^\p{L}\p{N}\s]/gu, String.raw`\$&`);
  return sql`${text} ~* ${unspaced.test(phrase) ? literal : `(^|[^[:alnum:]])${literal}($|[^[:alnum:]])`}`;
}

/** What there is to forget about an entity (all its names) or some words. Every version of a fact counts. */
export async function previewForget(tx: UserTransaction, selector: ForgetSelector): Promise<ForgetPreview> {
  const named = "entityId" in selector ? await entityNames(tx, selector.entityId) : { phrases: [selector.words.trim()], entities: [] };
  const phrases = named.phrases.filter((phrase) => phrase !== "");
  if (phrases.length === 0) throw badInput("words", "must not be empty: name what to forget");
  const entityIds = named.entities.map(({ id }) => id);
  const about = (text: Column, search: Column) =>
    or(...phrases.flatMap((phrase) => [holds(text, phrase), sql`${search} @@ phraseto_tsquery(${searchConfig(tx.userId)}, ${phrase})`]));
  const linked = sql`exists (select 1 from ${factEntities} l where l.user_id = ${tx.userId} and l.fact_id = ${facts.id} and l.entity_id = any(${`{${entityIds.join(",")}}`}::uuid[]))`;
  const [found, heard, waiting] = await Promise.all([
    tx
      .select({ id: facts.id })
      .from(facts)
      .where(and(eq(facts.userId, tx.userId), or(about(facts.content, facts.search), linked))),
    tx
      .select({ id: messages.id, content: messages.content })
      .from(messages)
      .where(and(eq(messages.userId, tx.userId), about(messages.content, messages.search)))
      .orderBy(messages.id),
    tx
      .select({ id: reminders.id, title: reminders.title })
      .from(reminders)
      .where(
        and(
          eq(reminders.userId, tx.userId),
          or(
            isOneOf(reminders.entityId, entityIds),
            ...phrases.flatMap((phrase) => [
              holds(sql`${reminders.title}`, phrase),
              holds(sql`coalesce(${reminders.notes}, '')`, phrase),
              sql`exists (select 1 from ${reminderOccurrences} o where o.user_id = ${tx.userId} and o.reminder_id = ${reminders.id} and ${holds(sql`concat_ws(' ', o.title, o.notes)`, phrase)})`,
              sql`exists (select 1 from ${reminderChanges} c where c.user_id = ${tx.userId} and c.reminder_id = ${reminders.id} and ${holds(sql`c.before::text`, phrase)})`,
            ]),
          ),
        ),
      )
      .orderBy(reminders.id),
  ]);
  const versions = await versionIds(
    tx,
    found.map(({ id }) => id),
  );
  const told = await tx
    .select({ id: facts.id, content: facts.content })
    .from(facts)
    .where(and(eq(facts.userId, tx.userId), isOneOf(facts.id, versions)))
    .orderBy(facts.id);
  return { entities: named.entities, facts: told, messages: heard, reminders: waiting };
}

async function entityNames(
  tx: UserTransaction,
  id: string,
): Promise<{ phrases: string[]; entities: { id: string; canonicalName: string }[] }> {
  const [row] = await tx
    .select({ id: entities.id, canonicalName: entities.canonicalName, aliases: entities.aliases })
    .from(entities)
    .where(and(eq(entities.userId, tx.userId), eq(entities.id, id)));
  if (row === undefined) throw notFound("Entity");
  return { phrases: [row.canonicalName, ...row.aliases], entities: [{ id: row.id, canonicalName: row.canonicalName }] };
}

/** Removes these rows with all that hangs on them; a fact that rests on a removed message loses its quote, if it is not removed itself. */
export async function forget(tx: UserTransaction, ids: Parameters<EntityRepository["forget"]>[0]): Promise<Forgotten> {
  const { entityIds = [], factIds = [], messageIds = [], reminderIds = [] } = ids;
  const goneReminders = await tx
    .delete(reminders)
    .where(and(eq(reminders.userId, tx.userId), isOneOf(reminders.id, reminderIds)))
    .returning({ id: reminders.id });
  const gone = await deleteFacts(tx, factIds);
  const { messageIds: deletedMessages } = await deleteMessages(tx, messageIds);
  await tx
    .update(reminders)
    .set({ entityId: null })
    .where(and(eq(reminders.userId, tx.userId), isOneOf(reminders.entityId, entityIds)));
  const goneEntities = await tx
    .delete(entities)
    .where(and(eq(entities.userId, tx.userId), isOneOf(entities.id, entityIds)))
    .returning({ id: entities.id });
  const more = { reminderIds: goneReminders.map(({ id }) => id), entityIds: goneEntities.map(({ id }) => id) };
  await forgetMentions(tx, [...more.reminderIds, ...more.entityIds]);
  return { messageIds: deletedMessages, ...gone, ...more };
}
