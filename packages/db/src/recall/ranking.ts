import type { RecallKind } from "@mema/shared";
import { closeness, type Period } from "@mema/shared/text-analysis";
import { recallParameters } from "./parameters.ts";

/** A document that has terms of the question, with its score for each (by the term's position in the plan), and who stands beside it. */
export interface Candidate {
  id: string;
  kind: RecallKind;
  at: Date;
  conversationId: string | null;
  speaker: readonly string[];
  termScores: readonly (readonly [position: number, score: number])[];
  /** A fact about an entity that the question names. */
  aboutNamed: boolean;
  /** Messages before and after it in its conversation, the nearest first. */
  before: readonly { id: string; at: Date }[];
  after: readonly { id: string; at: Date }[];
}

/** What a result's score is made of; the numbers add up to it. */
export type Contribution =
  | { from: "term"; term: string; score: number }
  | { from: "neighbour"; id: string; score: number }
  | { from: "session" | "entity" | "speaker" | "period" | "recency"; score: number };

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
  now: Date;
  /** The times that the question names. */
  periods: readonly Period[];
  limit: number;
}

const dayMs = 86_400_000;

/** One day of one conversation; documents outside of conversations have no session. */
const sessionOf = (conversationId: string | null, at: Date): string | null =>
  conversationId === null ? null : `${conversationId} ${Math.floor(at.getTime() / dayMs)}`;

/**
 * Orders candidates and their neighbours by all that speaks for them. Pure and deterministic: the order of the candidates does not
 * matter, equal scores go by time and id, the newest first.
 */
export function rank(candidates: readonly Candidate[], { terms, entityWeight, now, periods, limit }: RankingQuestion): Ranked[] {
  const { neighbours, session, speaker, recency, recencyHalfLifeDays } = recallParameters;
  const named = new Set(terms);
  const ordered = candidates.toSorted((a, b) => (a.id < b.id ? -1 : 1));
  const ranked = new Map<string, Ranked & { session: string | null; own: number }>();
  const entry = (id: string, kind: RecallKind, at: Date, conversationId: string | null) => {
    let found = ranked.get(id);
    if (found === undefined) {
      found = { id, kind, at, score: 0, contributions: [], session: sessionOf(conversationId, at), own: 0 };
      ranked.set(id, found);
    }
    return found;
  };
  const sessions = new Map<string, Map<number, number>>();
  for (const candidate of ordered) {
    const own = entry(candidate.id, candidate.kind, candidate.at, candidate.conversationId);
    for (const [position, score] of candidate.termScores) {
      own.own += score;
      own.contributions.push({ from: "term", term: terms[position] ?? "", score });
    }
    if (candidate.aboutNamed) {
      own.contributions.push({ from: "entity", score: entityWeight });
      own.own += entityWeight;
    }
    if (candidate.speaker.some((term) => named.has(term))) {
      own.contributions.push({ from: "speaker", score: own.own * speaker });
      own.own *= 1 + speaker;
    }
    if (own.session === null) continue;
    const best = sessions.get(own.session) ?? new Map<number, number>();
    sessions.set(own.session, best);
    for (const [position, score] of candidate.termScores) best.set(position, Math.max(best.get(position) ?? 0, score));
  }
  for (const candidate of ordered) {
    const own = ranked.get(candidate.id)?.own ?? 0;
    for (const beside of [candidate.before, candidate.after]) {
      for (const [distance, { id, at }] of beside.entries()) {
        const share = neighbours[distance];
        if (share === undefined) continue;
        entry(id, "message", at, candidate.conversationId).contributions.push({ from: "neighbour", id: candidate.id, score: own * share });
      }
    }
  }
  for (const result of ranked.values()) {
    const best = result.session === null ? undefined : sessions.get(result.session);
    if (best !== undefined) {
      const sum = [...best].toSorted(([a], [b]) => a - b).reduce((total, [, score]) => total + score, 0);
      result.contributions.push({ from: "session", score: sum * session });
    }
    const text = result.contributions.reduce((sum, { score }) => sum + score, 0);
    if (periods.length > 0) {
      const share = closeness(periods, result.at, recallParameters.periodHalfLifeDays);
      result.contributions.push({ from: "period", score: text * recallParameters.period * share });
    }
    const ageDays = Math.max(0, (now.getTime() - result.at.getTime()) / dayMs);
    result.contributions.push({ from: "recency", score: text * recency * 0.5 ** (ageDays / recencyHalfLifeDays) });
    result.score = result.contributions.reduce((sum, { score }) => sum + score, 0);
  }
  return [...ranked.values()]
    .toSorted((a, b) => b.score - a.score || b.at.getTime() - a.at.getTime() || (a.id < b.id ? 1 : -1))
    .slice(0, limit)
    .map(({ id, kind, at, score, contributions }) => ({ id, kind, at, score, contributions }));
}
