import type { Sql } from "postgres";

/** What PostgreSQL has for this: stored vectors with a GIN index, no row-level security, OR + ts_rank. */
export interface StockSearch {
  /** Takes over what a user said. */
  load(userId: string): Promise<void>;
  search(userId: string, question: string): Promise<unknown>;
  remove(): Promise<void>;
}

export async function openStockSearch(owner: Sql, app: Sql): Promise<StockSearch> {
  await owner.unsafe(`
    drop schema if exists mema_benchmark cascade;
    create schema mema_benchmark;
    create table mema_benchmark.messages (user_id uuid not null, id uuid not null, content text not null,
      vector tsvector generated always as (to_tsvector('english', content)) stored, primary key (user_id, id));
    create index on mema_benchmark.messages using gin (vector);
    grant usage on schema mema_benchmark to mema_app;
    grant select, insert on mema_benchmark.messages to mema_app`);
  return {
    load: async (userId) => {
      await app.begin(async (tx) => {
        await tx`select set_config('app.user_id', ${userId}, true), set_config('statement_timeout', '0', true)`;
        await tx`insert into mema_benchmark.messages (user_id, id, content) select user_id, id, content from messages where user_id = ${userId}`;
      });
      await owner`analyze mema_benchmark.messages`;
    },
    search: (userId, question) => app`
      select m.id, m.content, ts_rank(m.vector, asked.q) as rank
      from mema_benchmark.messages m, (select string_agg(quote_literal(lexeme), ' | ')::tsquery as q from unnest(to_tsvector('english', ${question}))) asked
      where m.user_id = ${userId} and m.vector @@ asked.q
      order by rank desc, m.id desc limit 10`,
    remove: async () => {
      await owner`drop schema mema_benchmark cascade`;
    },
  };
}
