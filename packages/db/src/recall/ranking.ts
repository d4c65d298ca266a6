import type { FactType, RecallKind, TemporalSensitivity } from "@mema/shared";
import { closeness, type Period } from "@mema/shared/text-analysis";
import { recallParameters } from "./parameters.ts";

/** What ranking needs to know of any document, found by its own words or because it stands beside one that was. */
export interface Place {
  id: string;
  at: Date;
  /** Its length in terms. */
  length: number;
  /** Said by one whom the question names. */
  saidByNamed: boolean;
}

/**
 * A document that has terms of the question, with its score for each (by the term's position in the plan; what it is worth by its meaning
 * comes after the last), and who stands beside it.
 */
export interface Candidate extends Place {
  kind: RecallKind;
  conversationId: string | null;
  /** Ends in a question. */
  asks: boolean;
  termScores: readonly (readonly [position: number, score: number])[];
  /** A fact about an entity that the question names. */
  aboutNamed: boolean;
  /** What a fact is, null for a message. */
  fact: { type: FactType; sensitivity: TemporalSensitivity; eventAt: Date | null } | null;
  /** Messages before and after it in its conversation, the nearest first. */
  before: readonly Place[];
  after: readonly Place[];
}

/** What a result's score is made of; the numbers add up to it. */
export type Contribution =
  | { from: "term"; term: string; score: number }
  | { from: "neighbour"; id: string; score: number }
  | { from: "meaning" | "session" | "entity" | "speaker" | "length" | "fact_type" | "sensitivity" | "period" | "recency"; score: number };

export interface Ranked {
  id: string;
  kind: RecallKind;
  at: Date;
  score: number;
  contributions: Contribution[];
}

export interface RankingQuestion {
  /** The terms by position. */
  terms: readonly string[];
  /** What being about a named entity is worth. */
  entityWeight: number;
  /** Mean length of the user's documents in terms. */
  averageLength: number;
  now: Date;
  /** The times that the question names. */
  periods: readonly Period[];
  /** The kinds of fact that the question asks for. */
  factTypes: ReadonlySet<FactType>;
  limit: number;
}

const dayMs = 86_400_000;

/** One day of one conversation; documents outside of conversations have no session. */
const sessionOf = (conversationId: string | null, at: Date): string | null =>
  conversationId === null ? null : `${conversationId} ${Math.floor(at.getTime() / dayMs)}`;

type Found = Place & Pick<Candidate, "kind" | "fact"> & { session: string | null; own: number; contributions: Contribution[] };

/**
 * Orders candidates and their neighbours by all that speaks for them. Pure and deterministic: the order of the candidates does not
 * matter, equal scores go by time and id, the newest first.
 */
export function rank(candidates: readonly Candidate[], question: RankingQuestion): Ranked[] {
  const { neighbours, reply, session } = recallParameters;
  const ordered = candidates.toSorted((a, b) => (a.id < b.id ? -1 : 1));
  const found = new Map<string, Found>();
  const entry = (place: Place, { kind, conversationId, fact }: Pick<Candidate, "kind" | "conversationId" | "fact">): Found => {
    const known = found.get(place.id);
    if (known !== undefined) return known;
    const { id, at, length, saidByNamed } = place;
    const one = { id, at, length, saidByNamed, kind, fact, session: sessionOf(conversationId, at), own: 0, contributions: [] };
    found.set(id, one);
    return one;
  };
  const sessions = new Map<string, Map<number, number>>();
  for (const candidate of ordered) {
    const own = entry(candidate, candidate);
    for (const [position, score] of candidate.termScores) {
      own.own += score;
      const term = question.terms[position];
      own.contributions.push(term === undefined ? { from: "meaning", score } : { from: "term", term, score });
    }
    if (candidate.aboutNamed) {
      own.contributions.push({ from: "entity", score: question.entityWeight });
      own.own += question.entityWeight;
    }
    if (own.session === null) continue;
    const best = sessions.get(own.session) ?? new Map<number, number>();
    sessions.set(own.session, best);
    for (const [position, score] of candidate.termScores) best.set(position, Math.max(best.get(position) ?? 0, score));
  }
  for (const candidate of ordered) {
    const own = found.get(candidate.id)?.own ?? 0;
    const give = (places: readonly Place[], extra: number) => {
      for (const [distance, place] of places.entries()) {
        const share = (neighbours[distance] ?? 0) + (distance === 0 ? extra : 0);
        const beside = entry(place, { kind: "message", conversationId: candidate.conversationId, fact: null });
        beside.contributions.push({ from: "neighbour", id: candidate.id, score: own * share });
      }
    };
    give(candidate.before, 0);
    give(candidate.after, candidate.asks ? reply : 0);
  }
  for (const { session: name, contributions } of found.values()) {
    const best = name === null ? undefined : sessions.get(name);
    if (best === undefined) continue;
    const sum = [...best].toSorted(([a], [b]) => a - b).reduce((total, [, score]) => total + score, 0);
    contributions.push({ from: "session", score: sum * session });
  }
  return [...found.values()]
    .map((one) => weigh(one, question))
    .toSorted((a, b) => b.score - a.score || b.at.getTime() - a.at.getTime() || (a.id < b.id ? 1 : -1))
    .slice(0, question.limit);
}

/** Multiplies what the words say by what else speaks for or against a document; each factor is told as what it adds. */
function weigh(found: Found, { now, periods, factTypes, averageLength }: RankingQuestion): Ranked {
  const { id, kind, at, fact, length, saidByNamed, contributions } = found;
  const parameters = recallParameters;
  const text = contributions.reduce((sum, { score }) => sum + score, 0);
  let score = text;
  const multiply = (from: "speaker" | "length" | "fact_type" | "sensitivity" | "period" | "recency", factor: number) => {
    if (factor === 1) return;
    contributions.push({ from, score: score * (factor - 1) });
    score *= factor;
  };
  const ageDays = Math.max(0, (now.getTime() - at.getTime()) / dayMs);
  const left = (halfLifeDays: number) => 0.5 ** (ageDays / halfLifeDays);
  if (saidByNamed) multiply("speaker", 1 + parameters.speaker);
  if (kind === "message") multiply("length", Math.min(parameters.longest, Math.max(1, length) / averageLength) ** parameters.length);
  if (fact !== null) {
    if (factTypes.has(fact.type)) multiply("fact_type", 1 + parameters.factType);
    const fading = parameters.fading[fact.sensitivity];
    if (fading !== null) multiply("sensitivity", 1 - fading.share * (1 - left(fading.halfLifeDays)));
  }
  if (periods.length > 0) {
    const near = (instant: Date) => closeness(periods, instant, parameters.periodHalfLifeDays);
    const event = fact?.eventAt ?? null;
    multiply("period", 1 + parameters.period * Math.max(near(at), event === null ? 0 : near(event)));
  }
  multiply("recency", 1 + parameters.recency * left(parameters.recencyHalfLifeDays));
  return { id, kind, at, contributions, score: contributions.reduce((sum, part) => sum + part.score, 0) };
}
