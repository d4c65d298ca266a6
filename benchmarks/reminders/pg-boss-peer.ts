import { PgBoss } from "pg-boss";
import postgres from "postgres";
import type { OpenPeer } from "./peer-process.ts";

const queue = "nothing";

/** pg-boss with batches of 1,000, its shortest polling interval, and no pause while batches come back full. */
export const pgBoss: OpenPeer = async (connectionString, schema) => {
  const boss = new PgBoss({ connectionString, schema, max: 12, supervise: false, schedule: false });
  boss.on("error", (error) => console.error(`pg-boss: ${error.message}`));
  await boss.start();
  await boss.createQueue(queue);
  const database = postgres(connectionString, { max: 1, onnotice: () => {} });
  return {
    version: "12.35.0",
    add: async (due, from) => {
      await boss.insert(
        queue,
        due.map((at, index) => ({ data: { number: from + index }, startAfter: new Date(at) })),
      );
    },
    work: async (handle) => {
      await boss.work<{ number: number }>(
        queue,
        { batchSize: 1_000, pollingIntervalSeconds: 0.5, burstWhenBatchFull: true },
        async (jobs) => {
          for (const { data } of jobs) handle(data.number);
        },
      );
      return { stop: () => boss.offWork(queue, { wait: true }) };
    },
    unsettled: async () => {
      const rows = await database.unsafe(
        `select 1 from ${schema}.job where name = '${queue}' and state < 'completed' and start_after < now() + interval '1 hour' limit 1`,
      );
      return rows.length;
    },
    close: async () => {
      await database.end();
      await boss.stop({ graceful: true });
    },
  };
};
