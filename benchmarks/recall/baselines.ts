import type { UserTransaction } from "@mema/db";
import { type SQL, sql } from "drizzle-orm";

/** Returns the ids of the user's messages that answer a question, best first. */
export type Baseline = (tx: UserTransaction, question: string, limit: number) => Promise<string[]>;

const vector = sql`to_tsvector('english', m.content)`;

const ranked =
  (query: (question: string) => SQL, rank: (vector: SQL) => SQL): Baseline =>
  async (tx, question, limit) => {
    const rows = await tx.execute<{ id: string }>(sql`
      select m.id from messages m, (select ${query(question)} as q) asked
      where m.user_id = ${tx.userId}::uuid and ${vector} @@ asked.q
      order by ${rank(vector)} desc, m.id desc limit ${limit}`);
    return rows.map(({ id }) => id);
  };

const anyWord = (question: string) =>
  sql`(select nullif(string_agg(quote_literal(lexeme), ' | '), '')::tsquery from unnest(to_tsvector('english', ${question}::text)))`;

/** Plain BM25 (0.9, 0.4) over the same vectors, nothing else. */
const bm25: Baseline = async (tx, question, limit) => {
  const rows = await tx.execute<{ id: string }>(sql`
    with documents as materialized (select m.id, ${vector} as v from messages m where m.user_id = ${tx.userId}::uuid),
    postings as materialized (
      select d.id, w.lexeme, cardinality(w.positions) as frequency from documents d, unnest(d.v) as w
    ), lengths as materialized (select id, sum(frequency)::float8 as length from postings group by id),
    total as (select count(*)::float8 as documents, avg(length) as mean from lengths),
    asked as (select lexeme from unnest(to_tsvector('english', ${question}::text))),
    rarity as (
      select lexeme, ln(1 + (t.documents - count(*) + 0.5) / (count(*) + 0.5)) as idf
      from postings join asked using (lexeme), total t group by lexeme, t.documents
    )
    select p.id, sum(r.idf * p.frequency * 1.9 / (p.frequency + 0.9 * (0.6 + 0.4 * l.length / t.mean))) as score
    from postings p join rarity r using (lexeme) join lengths l using (id), total t
    group by p.id order by score desc, p.id desc limit ${limit}`);
  return rows.map(({ id }) => id);
};

/** What PostgreSQL's own full-text search finds, each message's vector made on the spot: for quality, not for speed. */
export const baselines: Readonly<Record<string, Baseline>> = {
  and: ranked(
    (question) => sql`plainto_tsquery('english', ${question}::text)`,
    (text) => sql`ts_rank_cd(${text}, asked.q)`,
  ),
  "or + ts_rank_cd": ranked(anyWord, (text) => sql`ts_rank_cd(${text}, asked.q)`),
  "or + ts_rank": ranked(anyWord, (text) => sql`ts_rank(${text}, asked.q)`),
  bm25,
};
