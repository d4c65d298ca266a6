import { createDbClient, createUserRepository, type Db, newId, withUser } from "@mema/db";
import { type SQL, sql } from "drizzle-orm";
import postgres from "postgres";
import { openBenchmarkDatabase } from "./database.ts";
import { percentile } from "./recall/metrics.ts";

const rounds = 30;
const nearest = 10;
const others = 100_000;
const defaultSizes = [1_000, 10_000, 100_000];

/** A way of keeping vectors: its table, and the search for the ten nearest of one user. */
interface Form {
  columns: string;
  inLine?: boolean;
  index: string;
  search: (table: SQL, user: SQL, question: SQL) => SQL;
}

const exact = (table: SQL, user: SQL, question: SQL): SQL =>
  sql`select id from ${table} where user_id = ${user} order by embedding <=> ${question} limit ${nearest}`;
const byCode =
  (width: number): Form["search"] =>
  (table, user, question) =>
    sql`
    select c.id from (
      select id, code <~> binary_quantize(${question}::vector)::bit(1536) as distance from ${table} where user_id = ${user} order by 2 limit ${width}
    ) c join ${table} v on v.user_id = ${user} and v.id = c.id order by v.embedding::vector(1536) <=> ${question} limit ${nearest}`;
const code = "code bit(1536) generated always as (binary_quantize(embedding)::bit(1536)) stored";

const forms: Readonly<Record<string, Form>> = {
  "vector, out of line": { columns: "embedding vector(1536)", index: "", search: exact },
  "vector, in line": { columns: "embedding vector(1536)", inLine: true, index: "", search: exact },
  "halfvec, in line": {
    columns: "embedding halfvec(1536)",
    inLine: true,
    index: "",
    search: (table, user, question) => exact(table, user, sql`${question}::halfvec(1536)`),
  },
  "vector + code in the row, 200 re-ranked": { columns: `embedding vector(1536), ${code}`, index: "", search: byCode(200) },
  "vector + code in the key's index, 200 re-ranked": {
    columns: `embedding vector(1536), ${code}`,
    index: "include (code)",
    search: byCode(200),
  },
  "halfvec + code in the key's index, 200 re-ranked": {
    columns: `embedding halfvec(1536), ${code}`,
    index: "include (code)",
    search: byCode(200),
  },
};

const pool = (name: string, rows: number, scale: number) =>
  `create table ${name} as select i, array(select (random() + random() + random() - 1.5) * ${scale} + 0 * i from generate_series(1, 1536))::vector(1536) as v
   from generate_series(0, ${rows - 1}) i`;

/** Search latency, recall, size and insert cost of each way of keeping vectors, by rows of one user beside 100,000 of others. */
export async function measure(parameters: string[]): Promise<{ engine: string; report: object }> {
  const at = parameters.indexOf("--sizes");
  const sizes = at < 0 ? defaultSizes : (parameters[at + 1] ?? "").split(",").map(Number);
  const database = await openBenchmarkDatabase();
  const db = createDbClient(database.urls, { prepare: true, listenUrl: null });
  const owner = postgres(database.ownerUrl, { max: 1, onnotice: () => {} });
  try {
    await owner.unsafe("set maintenance_work_mem = '512MB'; select setseed(0.5)");
    await owner.unsafe(
      `${pool("bench_centres", 300, 1)}; ${pool("bench_noise", 2_000, 0.5)}; create index on bench_centres (i); create index on bench_noise (i)`,
    );
    const report: Record<string, object> = {};
    for (const isotropic of [false, true]) {
      for (const size of isotropic ? sizes.filter((rows) => rows <= 10_000) : sizes) {
        const data = isotropic ? "isotropic" : "clustered";
        report[`${data} ${size}`] = await measureSize(db, owner, size, isotropic);
        console.log(`${data}, ${size} rows: ${JSON.stringify(report[`${data} ${size}`], null, 1)}`);
      }
    }
    return { engine: database.engine, report };
  } finally {
    await owner.unsafe(
      `drop table if exists bench_centres, bench_noise, ${Object.keys(forms)
        .map((_, number) => `bench_form_${number}`)
        .join(", ")}`,
    );
    await owner.end();
    await db.close();
    await database.close();
  }
}

async function measureSize(db: Db, owner: postgres.Sql, size: number, isotropic: boolean): Promise<object> {
  const [userId, strangerId] = [newId(), newId()];
  for (const id of [userId, strangerId]) await withUser(db, id, (tx) => createUserRepository(tx).create({}));
  const report: Record<string, object> = {};
  const vectorOf = (row: string) =>
    `(${isotropic ? "" : "(select v from bench_centres c where c.i = (hashint8(ROW) & 1048575) % 300) + "}(select v from bench_noise n where n.i = (hashint8(ROW + 7) & 1048575) % 2000)
      + (select v from bench_noise n where n.i = (hashint8(ROW + 13) & 1048575) % 2000) + (select v from bench_noise n where n.i = (hashint8(ROW + 29) & 1048575) % 2000))`.replaceAll(
      "ROW",
      row,
    );
  for (const [number, [name, { columns, inLine, index }]] of Object.entries(forms).entries()) {
    const table = `bench_form_${number}`;
    await owner.unsafe(`drop table if exists ${table};
      create table ${table} (user_id uuid not null, id bigint not null, ${columns}, primary key (user_id, id) ${index});
      ${inLine === true ? `alter table ${table} alter embedding set storage plain;` : ""}
      alter table ${table} enable row level security;
      create policy own_rows on ${table} to mema_app using (user_id = nullif(current_setting('app.user_id'::text, true), ''::text)::uuid);
      grant select on ${table} to mema_app`);
    const insert = (user: string, from: number, count: number) =>
      owner.unsafe(
        `insert into ${table} (user_id, id, embedding) select '${user}', g.n, ${vectorOf("g.n")} from generate_series(${from}, ${from + count - 1}) g(n)`,
      );
    await insert(strangerId, 1_000_000, size < 100_000 && !isotropic ? others : 1_000);
    await insert(userId, 0, size);
    const start = performance.now();
    await insert(userId, size, 1_000);
    const insertMs = performance.now() - start;
    await owner.unsafe(`vacuum analyze ${table}`);
    const [bytes] = await owner.unsafe<{ bytes: number }[]>(
      `select pg_total_relation_size('${table}')::float8 / (select count(*) from ${table}) as bytes`,
    );
    report[name] = { insertMsPer1000: Math.round(insertMs), bytesPerRow: Math.round(bytes?.bytes ?? 0) };
  }
  const questions = await owner.unsafe<{ text: string }[]>(
    `select (${vectorOf("g.n")})::text as text from generate_series(5000000, ${5_000_000 + rounds - 1}) g(n)`,
  );
  const latencies = new Map<string, number[]>();
  const recalls = new Map<string, number[]>();
  const user = sql`${userId}::uuid`;
  for (const [round, { text }] of questions.entries()) {
    let truth: Set<string> | null = null;
    for (const [number, [name, { search }]] of Object.entries(forms).entries()) {
      const table = sql.raw(`bench_form_${number}`);
      const start = performance.now();
      const rows = await withUser(db, userId, (tx) => tx.execute<{ id: string }>(search(table, user, sql`${text}::vector(1536)`)), {
        readOnly: true,
      });
      const taken = performance.now() - start;
      truth ??= new Set(rows.map(({ id }) => id));
      if (round > 0) latencies.set(name, [...(latencies.get(name) ?? []), taken]);
      recalls.set(name, [...(recalls.get(name) ?? []), rows.filter(({ id }) => truth?.has(id)).length / nearest]);
    }
  }
  for (const name of Object.keys(forms)) {
    const [times, found] = [latencies.get(name) ?? [], recalls.get(name) ?? []];
    report[name] = {
      p50: percentile(times, 0.5),
      p95: percentile(times, 0.95),
      recall: Math.round((found.reduce((sum, one) => sum + one, 0) / found.length) * 1_000) / 1_000,
      ...report[name],
    };
  }
  return report;
}
