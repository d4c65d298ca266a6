import type { FactType, TemporalSensitivity } from "@mema/shared";
import { type SQL, sql } from "drizzle-orm";
import type { UserTransaction } from "../connection/access.ts";
import type { MeaningHit } from "./meaning.ts";
import { recallParameters } from "./parameters.ts";
import type { Question } from "./question.ts";
import type { Candidate, Place, Ranked } from "./ranking.ts";

/** A term with its weight (its rarity among the user's documents, as BM25 has it) and in how many documents it is. */
export interface WeightedTerm {
  term: string;
  weight: number;
  documentCount: number;
}

/** What results are limited to. Facts that are no longer believed are left out unless `asOf` says when to look. */
export interface RecallFilters {
  kinds?: readonly ("message" | "fact")[];
  /** Facts about one of these, and messages they came from. */
  entityIds?: readonly string[];
  from?: Date;
  to?: Date;
  conversationId?: string;
  /** What was believed at that time. */
  asOf?: Date;
  /** What was true at that time. */
  validAt?: Date;
}

const { k1, b } = recallParameters;
/** Scores are summed as integers of this many parts, so that no order of adding changes a sum. */
const parts = 1_000_000;

const uuidList = (ids: readonly string[]) =>
  sql.join(
    ids.map((id) => sql`${id}::uuid`),
    sql`, `,
  );

/** Conditions on the document `d` (and its fact), null when there are none. */
export function conditionsOf(tx: UserTransaction, filters: RecallFilters): SQL | null {
  const conditions: SQL[] = [];
  if (filters.kinds !== undefined)
    conditions.push(
      sql`d.kind in (${sql.join(
        filters.kinds.map((kind) => sql`${kind}`),
        sql`, `,
      )})`,
    );
  if (filters.from !== undefined) conditions.push(sql`d.at >= ${filters.from.toISOString()}::timestamptz`);
  if (filters.to !== undefined) conditions.push(sql`d.at < ${filters.to.toISOString()}::timestamptz`);
  if (filters.conversationId !== undefined) conditions.push(sql`d.conversation_id = ${filters.conversationId}::uuid`);
  if (filters.entityIds !== undefined) {
    const ofEntities = sql`from fact_entities e join facts f on f.user_id = e.user_id and f.id = e.fact_id
      where e.user_id = ${tx.userId}::uuid and e.entity_id in (${uuidList(filters.entityIds)})`;
    conditions.push(
      sql`d.id in (select f.id ${ofEntities} union select f.source_message_id ${ofEntities} and f.source_message_id is not null)`,
    );
  }
  const factConditions: SQL[] = [];
  if (filters.asOf !== undefined) {
    const asOf = sql`${filters.asOf.toISOString()}::timestamptz`;
    factConditions.push(sql`f.recorded_at <= ${asOf} and (f.superseded_at is null or f.superseded_at > ${asOf})`);
    conditions.push(sql`(d.kind <> 'message' or d.at <= ${asOf})`);
  }
  if (filters.validAt !== undefined) {
    const validAt = sql`${filters.validAt.toISOString()}::timestamptz`;
    factConditions.push(sql`(f.valid_from is null or f.valid_from <= ${validAt}) and (f.valid_to is null or f.valid_to > ${validAt})`);
  }
  if (factConditions.length > 0) {
    conditions.push(
      sql`(d.kind <> 'fact' or exists (select 1 from facts f where f.user_id = d.user_id and f.id = d.id and ${sql.join(factConditions, sql` and `)}))`,
    );
  }
  return conditions.length === 0 ? null : sql.join(conditions, sql` and `);
}

/**
 * The documents that score best for the terms alone, with the messages beside them. One statement on the user's own postings: its cost
 * is bounded by the budget, however much the user has said. With filters all terms are read, because a filter may leave the frequent alone.
 * `offset 0` keeps the planner from reading all of the user's documents to join them: its statistics are of all users.
 */
export async function findCandidates(
  tx: UserTransaction,
  { terms, names, averageLength, entityIds }: Pick<Question, "terms" | "names" | "averageLength" | "entityIds">,
  filters: RecallFilters,
  meaningHits: readonly MeaningHit[] = [],
): Promise<Candidate[]> {
  const user = sql`${tx.userId}::uuid`;
  const conditions = conditionsOf(tx, filters);
  const frequent = conditions === null ? frequentTerms(terms) : new Set<string>();
  const plan = terms.map(({ term, weight }, position) => ({ position, term, weight, frequent: frequent.has(term) }));
  const score = sql`(q.weight * ${parts}::float8 * p.frequency * ${k1 + 1}::float8 / (p.frequency + ${k1}::float8 * (${1 - b}::float8 + ${b}::float8 * p.length / ${averageLength}::float8)))::integer`;
  const believed = filters.asOf === undefined ? sql`and not p.outdated` : sql``;
  const filtered =
    conditions === null
      ? sql``
      : sql`and exists (select 1 from recall_documents d where d.user_id = ${user} and d.id = p.document_id and ${conditions})`;
  const bearers = sql`array(select json_array_elements_text(${JSON.stringify(names)}::json))`;
  const beside = (direction: SQL, order: SQL) => sql`
    case when best.place <= ${recallParameters.surrounded} then (select coalesce(json_agg(json_build_array(n.id, n.at, n.length, n.named)), '[]'::json) from (
      select d.id, d.at, d.length, d.speaker && ${bearers} as named from recall_documents d
      where d.user_id = ${user} and d.conversation_id = c.conversation_id and (d.at, d.id) ${direction} (c.at, c.id) and d.kind = 'message'
      ${conditions === null ? sql`` : sql`and ${conditions}`}
      order by d.at ${order}, d.id ${order} limit ${recallParameters.neighbours.length}) n) end`;
  const named = sql`any(${`{${entityIds.join(",")}}`}::uuid[])`;
  const factsAboutNamed =
    entityIds.length === 0
      ? sql``
      : sql`union all (
        select e.fact_id, null::integer, 0 from fact_entities e join facts f on f.user_id = ${user} and f.id = e.fact_id
        where e.user_id = ${user} and e.entity_id = ${named} ${filters.asOf === undefined ? sql`and f.status = 'active'` : sql``}
          ${conditions === null ? sql`` : sql`and exists (select 1 from recall_documents d where d.user_id = ${user} and d.id = e.fact_id and ${conditions})`}
        order by e.fact_id desc limit ${recallParameters.shortlist})`;
  // What is near in meaning counts like one more word, at the position after the last.
  const byMeaning =
    meaningHits.length === 0
      ? sql``
      : sql`union all select m.id, ${terms.length}::integer, (m.score * ${parts})::integer
          from json_to_recordset(${JSON.stringify(meaningHits)}::json) as m (id uuid, score float8)`;
  const rows = await tx.execute(sql`
    with query as materialized (
      select * from json_to_recordset(${JSON.stringify(plan)}::json) as q (position integer, term text, weight float8, frequent boolean)
    ), rare as materialized (
      select q.position, p.document_id, ${score} as score
      from query q cross join lateral (
        select p.document_id, p.frequency, p.length from recall_postings p
        where p.user_id = ${user} and p.term = q.term collate "C" ${believed} ${filtered}
        order by p.document_id desc limit ${recallParameters.postingBudget}
      ) p
      where not q.frequent
    ), shortlist as materialized (
      select document_id, sum(score) as score from rare group by document_id
      order by score desc, document_id desc limit ${recallParameters.shortlist}
    ), scored as (
      select document_id, position, score from rare where document_id in (select document_id from shortlist)
      union all
      select s.document_id, q.position, ${score}
      from shortlist s cross join query q cross join lateral (
        select p.frequency, p.length from recall_postings p
        where p.user_id = ${user} and p.term = q.term collate "C" and p.document_id = s.document_id ${believed} limit 1
      ) p
      where q.frequent
      ${factsAboutNamed}
      ${byMeaning}
    ), best as materialized (
      select document_id, json_agg(json_build_array(position, score) order by position) filter (where position is not null) as scores, sum(score) as score,
        row_number() over (order by sum(score) desc, document_id desc) as place
      from scored group by document_id order by score desc, document_id desc limit ${recallParameters.candidates}
    )
    select c.id, c.kind, c.at, c.conversation_id, c.length, c.asks, c.speaker && ${bearers} as named, coalesce(best.scores, '[]'::json) as scores,
      ${entityIds.length === 0 ? sql`false` : sql`exists (select 1 from fact_entities e where e.user_id = ${user} and e.fact_id = c.id and e.entity_id = ${named})`} as about_named,
      f.fact_type, f.temporal_sensitivity, f.event_date::text as event_date,
      ${beside(sql`<`, sql`desc`)} as before, ${beside(sql`>`, sql`asc`)} as after
    from best
    cross join lateral (select * from recall_documents d where d.user_id = ${user} and d.id = best.document_id offset 0) c
    left join lateral (select * from facts f where f.user_id = ${user} and f.id = c.fact_id offset 0) f on c.fact_id is not null`);
  return rows.map(toCandidate);
}

/**
 * What was said in one of these spans of time, the newest first: for a question that asks for a time and of whose words none is known
 * ("what did we do last week?").
 */
export async function findSaidIn(
  tx: UserTransaction,
  spans: readonly { from: Date; to: Date }[],
  filters: RecallFilters,
  limit: number,
): Promise<Ranked[]> {
  if (spans.length === 0) return [];
  const within = sql.join(
    spans.map(({ from, to }) => sql`(d.at >= ${from.toISOString()}::timestamptz and d.at < ${to.toISOString()}::timestamptz)`),
    sql` or `,
  );
  const rows = await tx.execute<{ id: string; at: string | Date }>(sql`
    select d.id, d.at from recall_documents d
    where d.user_id = ${tx.userId}::uuid and d.kind = 'message' and (${within}) and ${conditionsOf(tx, filters) ?? sql`true`}
    order by d.at desc, d.id desc limit ${limit}`);
  const score = recallParameters.period;
  return rows.map(({ id, at }) => ({ id, kind: "message", at: new Date(at), score, contributions: [{ from: "period", score }] }));
}

/** Terms that are too frequent to find candidates by: what is left when the rarer ones have used up the budget. */
function frequentTerms(terms: readonly WeightedTerm[]): Set<string> {
  const frequent = new Set<string>();
  let read = 0;
  for (const [index, { term, documentCount }] of [...terms]
    .toSorted((a, b) => a.documentCount - b.documentCount || (a.term < b.term ? -1 : 1))
    .entries()) {
    read += documentCount;
    if (index > 0 && read > recallParameters.postingBudget) frequent.add(term);
  }
  return frequent;
}

const toPlaces = (list: unknown): Place[] =>
  ((list ?? []) as [string, string, number, boolean][]).map(([id, at, length, saidByNamed]) => ({
    id,
    at: new Date(at),
    length,
    saidByNamed,
  }));

/** A day as an instant: noon in UTC lies in it almost everywhere. */
const noonOf = (day: string): Date => new Date(`${day}T12:00:00Z`);

function toCandidate(row: Record<string, unknown>): Candidate {
  const eventDate = row["event_date"] as string | null;
  const kind = row["kind"] as Candidate["kind"];
  return {
    id: String(row["id"]),
    kind,
    at: new Date(row["at"] as string | Date),
    length: Number(row["length"]),
    saidByNamed: row["named"] === true,
    conversationId: row["conversation_id"] as string | null,
    asks: row["asks"] === true,
    termScores: (row["scores"] as [number, number][]).map(([position, score]) => [position, score / parts]),
    aboutNamed: row["about_named"] === true,
    fact:
      kind === "message"
        ? null
        : {
            type: row["fact_type"] as FactType,
            sensitivity: row["temporal_sensitivity"] as TemporalSensitivity,
            eventAt: eventDate === null ? null : noonOf(eventDate),
          },
    before: toPlaces(row["before"]),
    after: toPlaces(row["after"]),
  };
}
