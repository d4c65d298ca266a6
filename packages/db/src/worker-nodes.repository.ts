import { eq, lt, sql } from "drizzle-orm";
import { type DbClock, instantParameter, readClock } from "./clock.ts";
import type { WorkerTransaction } from "./connection/access.ts";
import { workerNodes } from "./schema/index.ts";

export interface WorkerNode {
  id: string;
  name: string;
  lastSeenAt: Date;
  drainingAt: Date | null;
  alive: boolean;
}

/** Which worker processes there are. Holds no user's data. */
export interface WorkerNodeRepository {
  /** Notes that a worker was here, and that it takes nothing new when it drains. */
  seen(node: { id: string; name: string; draining: boolean }, clock: DbClock): Promise<void>;
  remove(id: string): Promise<void>;
  /** Those seen in the last day; alive: in the last minute. */
  list(clock: DbClock): Promise<WorkerNode[]>;
}

const aliveSeconds = 60;
const keptSeconds = 86_400;

export function createWorkerNodeRepository(tx: WorkerTransaction): WorkerNodeRepository {
  return {
    seen: async ({ id, name, draining }, clock) => {
      const now = await readClock(tx, clock);
      const state = { name, lastSeenAt: now, drainingAt: draining ? now : null };
      await tx
        .insert(workerNodes)
        .values({ id, ...state })
        .onConflictDoUpdate({ target: workerNodes.id, set: state });
    },
    remove: async (id) => {
      await tx.delete(workerNodes).where(eq(workerNodes.id, id));
    },
    list: async (clock) => {
      const now = await readClock(tx, clock);
      await tx.delete(workerNodes).where(lt(workerNodes.lastSeenAt, sql`${instantParameter(now)} - make_interval(secs => ${keptSeconds})`));
      const rows = await tx.select().from(workerNodes).orderBy(workerNodes.id);
      return rows.map(({ id, name, lastSeenAt, drainingAt }) => ({
        id,
        name,
        lastSeenAt,
        drainingAt,
        alive: now.getTime() - lastSeenAt.getTime() < aliveSeconds * 1000,
      }));
    },
  };
}
