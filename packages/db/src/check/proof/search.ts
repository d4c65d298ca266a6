import type { Property } from "./property.ts";
import { type Stage, throwaway } from "./stage.ts";

const { ada, ben } = throwaway;
/** Ada has this many times as many rows: Ben's are a small part of what the index holds. */
const [many, few] = [300, 3];

/** Stores many rows of Ada and few of Ben, asks as Ben for k of them, and says what came. */
async function found(
  stage: Stage,
  insert: (user: string, count: number) => string,
  select: (k: number) => string,
  k: number,
): Promise<string | null> {
  return stage.attempt(ada, async (attempt) => {
    const stored = await attempt.query(insert(ada, many));
    await attempt.bind(ben);
    const own = stored.code === null ? await attempt.query(insert(ben, few)) : stored;
    if (own.code !== null) return own.code;
    // The plans that an index for search would give; without such an index these change nothing.
    await attempt.query("set local enable_sort = off");
    await attempt.query("set local enable_seqscan = off");
    await attempt.query("set local enable_bitmapscan = off");
    const { code, count, rows } = await attempt.query(select(k));
    if (code !== null) return code;
    if (rows.some(({ owner }) => owner !== ben)) return "rows of another user";
    return count === Math.min(k, few) ? null : `${count} rows instead of ${Math.min(k, few)}`;
  });
}

const ids = "select gen_random_uuid(), i from generate_series(1, COUNT) i";

export const searchProperties: Property[] = [
  {
    id: "I27",
    guarantee: "a vector search returns exactly min(k, own rows), whatever others stored",
    prove: async (stage, record) => {
      const vector = "('[' || array_to_string(array_fill(1::float8, array[1535]), ',') || ',' || i || ']')::vector";
      const query = "('[' || array_to_string(array_fill(1::float8, array[1536]), ',') || ']')::vector";
      const insert = (user: string, count: number) =>
        `insert into public.facts (user_id, id, content, embedding) select '${user}', x.id, 'proof', ${vector.replaceAll("|| i ||", `|| ${user === ben ? "900" : "i"} ||`)}
         from (${ids.replace("COUNT", String(count))}) x (id, i)`;
      const select = (k: number) =>
        `select user_id as owner from public.facts where embedding is not null order by embedding <=> ${query} limit ${k}`;
      for (const k of [1, 3, 10, 100]) record.tried("public.facts.embedding", await found(stage, insert, select, k));
      const ofMessages = (user: string, count: number) =>
        `with m as (insert into public.messages (user_id, id, content) select '${user}', x.id, x.i::text from (${ids.replace("COUNT", String(count))}) x (id, i)
           returning user_id, id, content as i)
         insert into public.recall_message_embeddings (user_id, message_id, embedding) select user_id, id, ${vector.replaceAll("|| i ||", `|| ${user === ben ? "900" : "i"} ||`)}::halfvec(1536) from m`;
      const nearest = (k: number) =>
        `select user_id as owner from public.recall_message_embeddings where embedding is not null order by embedding <=> ${query}::halfvec(1536) limit ${k}`;
      for (const k of [1, 3, 10, 100]) {
        record.tried("public.recall_message_embeddings.embedding", await found(stage, ofMessages, nearest, k));
      }
    },
  },
  {
    id: "I28",
    guarantee: "a text search returns exactly min(k, own rows), whatever others stored",
    prove: async (stage, record) => {
      for (const table of ["messages", "facts"]) {
        const insert = (user: string, count: number) =>
          `insert into public.${table} (user_id, id, content, search) select '${user}', x.id, 'lighthouse', to_tsvector('simple', 'lighthouse ' || x.i)
           from (${ids.replace("COUNT", String(count))}) x (id, i)`;
        const select = (k: number) =>
          `select user_id as owner from public.${table} where search @@ to_tsquery('simple', 'lighthouse') and user_id in ('${ada}', '${ben}') limit ${k}`;
        for (const k of [1, 3, 10, 100]) record.tried(`public.${table}.search`, await found(stage, insert, select, k));
      }
      const documents = (user: string, count: number) =>
        `with ids as (${ids.replace("COUNT", String(count))}),
           m as (insert into public.messages (user_id, id, content) select '${user}', gen_random_uuid, 'lighthouse' from ids returning user_id, id),
           d as (insert into public.recall_documents (user_id, id, kind, message_id, at, length, speaker)
             select user_id, id, 'message', id, now(), 1, '{}' from m returning user_id, id)
         insert into public.recall_postings (user_id, term, document_id, frequency, length) select user_id, 'lighthouse', id, 1, 1 from d`;
      const postings = (k: number) =>
        `select user_id as owner from public.recall_postings where term = 'lighthouse' order by term, document_id limit ${k}`;
      for (const k of [1, 3, 10, 100]) record.tried("public.recall_postings", await found(stage, documents, postings, k));
      const statistics = await stage.attempt(ada, async (attempt) => {
        await attempt.query(documents(ada, many));
        await attempt.bind(ben);
        await attempt.query(documents(ben, few));
        return attempt.query("select document_count::int as count from public.recall_terms where term = 'lighthouse'");
      });
      const counts = statistics.rows.map(({ count }) => count);
      record.tried(
        "public.recall_terms",
        statistics.code ?? (String(counts) === String(few) ? null : `counts ${String(counts)} instead of ${few}`),
      );
    },
  },
];
