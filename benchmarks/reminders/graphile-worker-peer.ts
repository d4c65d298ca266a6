import { Logger, makeWorkerUtils, run } from "graphile-worker";
import postgres from "postgres";
import type { OpenPeer } from "./peer-process.ts";

const silent = new Logger(() => () => {});

/** graphile-worker as its page on performance recommends: a local queue, and completions in batches. */
export const graphileWorker: OpenPeer = async (connectionString, schema) => {
  const utils = await makeWorkerUtils({ connectionString, schema, logger: silent });
  await utils.migrate();
  const database = postgres(connectionString, { max: 1, onnotice: () => {} });
  return {
    version: "0.18.0",
    add: async (due, from) => {
      await utils.addJobs(due.map((at, index) => ({ identifier: "nothing", payload: { number: from + index }, runAt: new Date(at) })));
    },
    work: async (handle) => {
      const runner = await run({
        connectionString,
        schema,
        noHandleSignals: true,
        preset: {
          worker: {
            connectionString,
            schema,
            logger: silent,
            concurrentJobs: 24,
            maxPoolSize: 12,
            localQueue: { size: 500, refetchDelay: { durationMs: 10 } },
            completeJobBatchDelay: 0,
            failJobBatchDelay: 0,
          },
        },
        taskList: {
          nothing: async (payload) => handle((payload as { number: number }).number),
        },
      });
      return { stop: () => runner.stop() };
    },
    unsettled: async () => {
      const rows = await database.unsafe(`select 1 from ${schema}.jobs where run_at < now() + interval '1 hour' limit 1`);
      return rows.length;
    },
    close: async () => {
      await database.end();
      await utils.release();
    },
  };
};
