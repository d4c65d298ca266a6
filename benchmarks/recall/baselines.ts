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

/** What PostgreSQL's own full-text search finds, each message's vector made on the spot: for quality, not for speed. */
export const baselines: Readonly<Record<string, Baseline>> = {
  and: ranked(
    (question) => sql`plainto_tsquery('english', ${question}::text)`,
    (text) => sql`ts_rank_cd(${text}, asked.q)`,
  ),
  "or + ts_rank_cd": ranked(anyWord, (text) => sql`ts_rank_cd(${text}, asked.q)`),
  "or + ts_rank": ranked(anyWord, (text) => sql`ts_rank(${text}, asked.q)`),
};
