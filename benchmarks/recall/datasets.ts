import { readFileSync } from "node:fs";
import { createRecallSets } from "@mema/db/recall-set";
import { z } from "zod";

export interface BenchDocument {
  id: string;
  text: string;
  /** Documents of one session were said in one conversation, in this order; of none (empty) in none. */
  session: string;
  date: Date;
}

export interface BenchQuestion {
  text: string;
  category: string;
  /** Ids of the documents that answer it; at least one. */
  relevant: ReadonlySet<string>;
}

/** One user's documents in order, and questions about them. */
export interface BenchUser {
  name: string;
  documents: BenchDocument[];
  questions: BenchQuestion[];
  /** People that the user has told of by several names. */
  entities: { canonicalName: string; aliases: string[] }[];
}

export const formats = ["locomo", "jsonl"] as const;
export type Format = (typeof formats)[number];

/** Reads a data set. Questions whose evidence names no document of their user are left out. */
export function readDataset(file: string, format: Format): BenchUser[] {
  const text = readFileSync(file, "utf8");
  const users = format === "locomo" ? z.array(conversation).parse(JSON.parse(text)).map(fromConversation) : fromLines(text);
  if (users.every(({ questions }) => questions.length === 0)) throw new Error(`${file} has no question with usable evidence`);
  return users;
}

/** The synthetic set that the tests hold the search to: each category is a user. */
export const syntheticUsers = (now: Date): BenchUser[] =>
  createRecallSets(now).map(({ category, entities, documents, questions }) => ({
    name: category,
    documents: documents.map(({ id, text, at }) => ({ id, text, session: "", date: at })),
    questions: questions.map(({ text, relevant }) => ({ text, category, relevant: new Set([relevant]) })),
    entities,
  }));

const line = z.object({
  user: z.string(),
  documents: z.array(z.object({ id: z.string(), text: z.string().min(1), session: z.string(), date: z.coerce.date() })),
  questions: z.array(z.object({ text: z.string().min(1), category: z.coerce.string(), relevant: z.array(z.string()) })),
});

function fromLines(text: string): BenchUser[] {
  return text
    .split("\n")
    .filter((one) => one.trim() !== "")
    .map((one) => {
      const { user, documents, questions } = line.parse(JSON.parse(one));
      return { name: user, documents, questions: usable(documents, questions), entities: [] };
    });
}

const turn = z.object({ speaker: z.string(), dia_id: z.string(), text: z.string(), blip_caption: z.string().optional() });
const conversation = z.object({
  sample_id: z.string(),
  conversation: z.record(z.string(), z.unknown()),
  qa: z.array(z.object({ question: z.string(), category: z.coerce.string(), evidence: z.array(z.string()).default([]) })),
});

function fromConversation({ sample_id: name, conversation: sessions, qa }: z.infer<typeof conversation>): BenchUser {
  const numbers = Object.keys(sessions)
    .flatMap((key) => /^session_(\d+)$/.exec(key)?.[1] ?? [])
    .map(Number)
    .toSorted((a, b) => a - b);
  const documents = numbers.flatMap((number) => {
    const date = parseDate(z.string().parse(sessions[`session_${number}_date_time`]));
    return z
      .array(turn)
      .parse(sessions[`session_${number}`])
      .map(({ speaker, dia_id: id, text, blip_caption: caption }) => ({
        id: evidenceIds(id)[0] ?? id,
        text: `${speaker}: ${text}${caption === undefined ? "" : ` [photo: ${caption}]`}`,
        session: String(number),
        date,
      }));
  });
  const questions = qa.map(({ question, category, evidence }) => ({ text: question, category, relevant: evidence.flatMap(evidenceIds) }));
  return { name, documents, questions: usable(documents, questions), entities: [] };
}

/** `D8:6; D9:17` names two turns, `D30:05` the fifth of session 30. */
const evidenceIds = (text: string): string[] =>
  [...text.matchAll(/D(\d+):(\d+)/g)].map(([, session, number]) => `D${Number(session)}:${Number(number)}`);

const months = ["january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december"];

/** `1:56 pm on 8 May, 2023`, taken as UTC. */
function parseDate(text: string): Date {
  const [, hour, minute, half, day, month, year] = /(\d+):(\d+) (am|pm) on (\d+) (\w+), (\d+)/i.exec(text) ?? [];
  const at = months.indexOf((month ?? "").toLowerCase());
  if (at < 0) throw new Error(`not a session's date: ${text}`);
  return new Date(Date.UTC(Number(year), at, Number(day), (Number(hour) % 12) + (half?.toLowerCase() === "pm" ? 12 : 0), Number(minute)));
}

function usable(
  documents: readonly BenchDocument[],
  questions: readonly { text: string; category: string; relevant: readonly string[] }[],
): BenchQuestion[] {
  const known = new Set(documents.map(({ id }) => id));
  return questions.flatMap((question) => {
    const relevant = new Set(question.relevant.filter((id) => known.has(id)));
    return relevant.size === 0 ? [] : [{ ...question, relevant }];
  });
}
