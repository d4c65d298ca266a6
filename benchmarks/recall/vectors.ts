import { type Db, withUser } from "@mema/db";
import { sql } from "drizzle-orm";
import type { Sql } from "postgres";

/** The model that made-up vectors are said to be of. */
export const madeUpModel = "made-up";
const batch = 5_000;

/** A vector for a number, in clusters as those of real texts are: one of 300 centres and three of 2,000 noises. */
const vectorOf = (row: string): string =>
  `l2_normalize((select v from bench_centres c where c.i = (hashint8(${row}) & 1048575) % 300)
    ${[7, 13, 29].map((salt) => `+ (select v from bench_noise n where n.i = (hashint8(${row} + ${salt}) & 1048575) % 2000)`).join(" ")})`;

const pool = (name: string, rows: number, scale: number): string =>
  `create table ${name} as select i, array(select (random() + random() + random() - 1.5) * ${scale} + 0 * i from generate_series(1, 1536))::vector(1536) as v
   from generate_series(0, ${rows - 1}) i;
   create index on ${name} (i); analyze ${name}; grant select on ${name} to mema_app`;

/** What vectors are made of, in tables of its own until `remove`. */
export async function openVectors(owner: Sql): Promise<{ questions(count: number): Promise<number[][]>; remove(): Promise<void> }> {
  await owner.unsafe(
    `drop table if exists bench_centres, bench_noise; select setseed(0.5); ${pool("bench_centres", 300, 1)}; ${pool("bench_noise", 2_000, 0.5)}`,
  );
  return {
    questions: async (count) => {
      const rows = await owner.unsafe<{ text: string }[]>(
        `select (${vectorOf("g.n")})::text as text from generate_series(5000000, ${5_000_000 + count - 1}) g(n)`,
      );
      return rows.map(({ text }) => JSON.parse(text) as number[]);
    },
    remove: async () => {
      await owner.unsafe("drop table bench_centres, bench_noise");
    },
  };
}

/** Gives every message of a user a made-up vector. */
export async function giveVectors(db: Db, userId: string): Promise<void> {
  for (let given = batch; given === batch;) {
    const added = await withUser(
      db,
      userId,
      (tx) =>
        tx.execute(sql`
          insert into recall_message_embeddings (user_id, message_id, embedding, embedding_model, embedding_dimensions)
          select ${userId}::uuid, m.id, (${sql.raw(vectorOf("m.n"))})::vector(1536)::halfvec(1536), ${madeUpModel}, 1536
          from (
            select m.id, hashtext(m.id::text)::bigint as n from messages m where m.user_id = ${userId}::uuid
              and not exists (select 1 from recall_message_embeddings v where v.user_id = ${userId}::uuid and v.message_id = m.id)
            limit ${batch}
          ) m
          returning 1`),
      { deadlineMs: 300_000 },
    );
    given = added.length;
  }
}
