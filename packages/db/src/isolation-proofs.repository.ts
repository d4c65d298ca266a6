import { desc } from "drizzle-orm";
import type { Sql } from "postgres";
import type { WorkerTransaction } from "./connection/access.ts";
import { newId } from "./schema/base.ts";
import { isolationProofs, type ProvenProperty } from "./schema/index.ts";

export interface IsolationProof {
  createdAt: Date;
  ok: boolean;
  engine: string;
  postgresVersion: string;
  /** How many rules of the catalog were compared, and how many places break one. */
  rules: number;
  findings: number;
  proof: ProvenProperty[];
}

/** What db:check came to. Holds no user's data. */
export interface IsolationProofRepository {
  /** Of the newest run; null when there was none. */
  last(): Promise<IsolationProof | null>;
}

export function createIsolationProofRepository(tx: WorkerTransaction): IsolationProofRepository {
  return {
    last: async () => {
      const [row] = await tx.select().from(isolationProofs).orderBy(desc(isolationProofs.id)).limit(1);
      return row ?? null;
    },
  };
}

/** Keeps a run's result for operators to see. `owner` is the database owner's connection: no runtime role may write here. */
export async function recordIsolationProof(owner: Sql, result: Omit<IsolationProof, "createdAt" | "postgresVersion">): Promise<void> {
  const { ok, engine, rules, findings } = result;
  const proof = result.proof.map(({ property, guarantee, objects, attempts, violations }) => ({
    property,
    guarantee,
    objects,
    attempts,
    violations,
  }));
  await owner.begin(async (tx) => {
    await tx`set local role mema_owner`;
    await tx`
      insert into ops.isolation_proofs (id, ok, engine, postgres_version, rules, findings, proof)
      values (${newId()}, ${ok}, ${engine}, current_setting('server_version'), ${rules}, ${findings}, ${JSON.stringify(proof)}::text::jsonb)`;
  });
}
