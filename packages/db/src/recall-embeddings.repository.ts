import type { RecallKind } from "@mema/shared";
import { type SQL, sql } from "drizzle-orm";
import type { UserTransaction, WorkerTransaction } from "./connection/access.ts";
import { toStoredVector } from "./recall/vectors.ts";

/** A text without a vector of the model in use. */
export interface Unembedded {
  kind: RecallKind;
  id: string;
  /** What is embedded: of a message with its author, of a long text its beginning. */
  text: string;
}

/** Null values: the model refused the text, which is not asked again. */
export type EmbeddedText = Unembedded & { values: readonly number[] | null };

/** What model makes the vectors, and how many numbers each has, once that is known. */
export interface EmbeddingSpace {
  model: string;
  dimensions: number | null;
}

export interface RecallEmbeddingRepository {
  /** Facts and messages that lack a vector of this model, the newest first; `before` is the id of the last one of the page before. */
  listMissing(space: EmbeddingSpace, page: { kind: RecallKind; before?: string | undefined; limit: number }): Promise<Unembedded[]>;
  /** Stores vectors, each only if its text is still there and still the same. Returns how many were stored. */
  store(model: string, texts: readonly EmbeddedText[]): Promise<number>;
}

/** Characters of a text that are embedded: no model's limit in tokens is below that in any script. */
const embeddedCharacters = 8_000;
const lastId = "ffffffff-ffff-ffff-ffff-ffffffffffff";

const messageText = sql`left(concat_ws(': ', m.author, m.content), ${sql.raw(String(embeddedCharacters))})`;
const factText = sql`left(f.content, ${sql.raw(String(embeddedCharacters))})`;

/** The vectors of the transaction's user. */
export function createRecallEmbeddingRepository(tx: UserTransaction): RecallEmbeddingRepository {
  const user = sql`${tx.userId}::uuid`;

  const isOther = (row: SQL, { model, dimensions }: EmbeddingSpace) => sql`(${row}.embedding_model is distinct from ${model}
    ${dimensions === null ? sql`` : sql`or (${row}.embedding is not null and ${row}.embedding_dimensions is distinct from ${dimensions}::integer)`})`;

  return {
    async listMissing(space, { kind, before = lastId, limit }) {
      const rows = await tx.execute<{ id: string; text: string }>(
        kind === "message"
          ? sql`select m.id, ${messageText} as text from messages m
              left join recall_message_embeddings v on v.user_id = ${user} and v.message_id = m.id
              where m.user_id = ${user} and m.id < ${before}::uuid and ${isOther(sql`v`, space)} order by m.id desc limit ${limit}`
          : sql`select f.id, ${factText} as text from facts f
              where f.user_id = ${user} and f.id < ${before}::uuid and ${isOther(sql`f`, space)} order by f.id desc limit ${limit}`,
      );
      return rows.map((row) => ({ kind, id: row.id, text: row.text }));
    },

    async store(model, texts) {
      const given = (kind: RecallKind) =>
        texts
          .filter((one) => one.kind === kind)
          .map(({ id, text, values }) => ({
            id,
            text,
            embedding: values === null ? null : toStoredVector(values),
            dimensions: values?.length ?? null,
          }));
      const source = (rows: object[]) =>
        sql`json_to_recordset(${JSON.stringify(rows)}::json) as given (id uuid, text text, embedding text, dimensions integer)`;
      let stored = 0;
      const [messages, facts] = [given("message"), given("fact")];
      if (messages.length > 0) {
        // The lock keeps the message from being deleted between this look and the row's foreign key.
        const rows = await tx.execute(sql`
          insert into recall_message_embeddings (user_id, message_id, embedding, embedding_model, embedding_dimensions)
          select ${user}, m.id, given.embedding::halfvec(1536), ${model}, given.dimensions
          from ${source(messages)} join messages m on m.user_id = ${user} and m.id = given.id
          where ${messageText} = given.text order by m.id for key share of m
          on conflict (user_id, message_id) do update set embedding = excluded.embedding, embedding_model = excluded.embedding_model,
            embedding_dimensions = excluded.embedding_dimensions
            where recall_message_embeddings.user_id = excluded.user_id
          returning 1`);
        stored += rows.length;
      }
      if (facts.length > 0) {
        const rows = await tx.execute(sql`
          update facts f set embedding = given.embedding::vector(1536), embedding_model = ${model}, embedding_dimensions = given.dimensions
          from ${source(facts)} where f.user_id = ${user} and f.id = given.id and ${factText} = given.text
          returning 1`);
        stored += rows.length;
      }
      return stored;
    },
  };
}

/** The right to embed one user's texts for a while. */
export interface EmbeddingClaim {
  userId: string;
  claimId: string;
  /** The count of the user's writes that the claim began with. */
  changes: number;
  /** Passes that failed before. */
  attempts: number;
}

/** Whose texts may lack vectors. Several servers share the work: a claim is one server's until it ends or its time is over. */
export interface RecallEmbeddingQueue {
  claim(limit: number, seconds: number): Promise<EmbeddingClaim[]>;
  /** Holds the claim longer. False when it is another's by now. */
  extend(claim: EmbeddingClaim, seconds: number): Promise<boolean>;
  /** All texts have vectors of this model, except those that were written since the claim: then the user is due again at once. */
  settle(claim: EmbeddingClaim, model: string): Promise<void>;
  /** Gives the claim back to be tried later. `failed` counts as an attempt. */
  postpone(claim: EmbeddingClaim, seconds: number, failed: boolean): Promise<void>;
  /** Makes everybody due whose vectors are another model's; up to `limit`, returns how many. */
  requeueOtherModels(model: string, limit: number): Promise<number>;
}

/** The queue as the worker's role sees it: ids and times of all users, never a text. */
export function createRecallEmbeddingQueue(tx: WorkerTransaction): RecallEmbeddingQueue {
  const held = ({ userId, claimId }: EmbeddingClaim) => sql`user_id = ${userId}::uuid and claim_id = ${claimId}::uuid`;
  const end = (seconds: number) => sql`clock_timestamp() + make_interval(secs => ${seconds}::double precision)`;

  return {
    async claim(limit, seconds) {
      const rows = await tx.execute<{ user_id: string; claim_id: string; changes: string | number; attempts: number }>(sql`
        with due as materialized (
          select user_id from recall_embedding_queue
          where due_at <= clock_timestamp() and (claimed_until is null or claimed_until <= clock_timestamp())
          order by due_at limit ${limit} for update skip locked
        )
        update recall_embedding_queue q set claim_id = gen_random_uuid(), claimed_until = ${end(seconds)}
        from due where q.user_id = due.user_id
        returning q.user_id, q.claim_id, q.changes, q.attempts`);
      return rows.map((row) => ({
        userId: row.user_id,
        claimId: row.claim_id,
        changes: Number(row.changes),
        attempts: row.attempts,
      }));
    },

    async extend(claim, seconds) {
      const rows = await tx.execute(
        sql`update recall_embedding_queue set claimed_until = ${end(seconds)} where ${held(claim)} returning 1`,
      );
      return rows.length > 0;
    },

    async settle(claim, model) {
      await tx.execute(sql`
        update recall_embedding_queue set claim_id = null, claimed_until = null, attempts = 0,
          due_at = case when changes = ${claim.changes} then null else due_at end,
          model = case when changes = ${claim.changes} then ${model} else model end
        where ${held(claim)}`);
    },

    async postpone(claim, seconds, failed) {
      await tx.execute(sql`
        update recall_embedding_queue set claim_id = null, claimed_until = null, due_at = ${end(seconds)},
          attempts = attempts + ${failed ? 1 : 0}
        where ${held(claim)}`);
    },

    async requeueOtherModels(model, limit) {
      const rows = await tx.execute(sql`
        with other as materialized (
          select user_id from recall_embedding_queue where due_at is null and model is distinct from ${model}
          limit ${limit} for update skip locked
        )
        update recall_embedding_queue q set due_at = clock_timestamp() from other where q.user_id = other.user_id returning 1`);
      return rows.length;
    },
  };
}
