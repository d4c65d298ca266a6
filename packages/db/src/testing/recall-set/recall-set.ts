import { createEnglishSets } from "./english.ts";
import { createLanguageSets } from "./languages.ts";

export { randomFrom } from "./random.ts";

/** One user's memory and questions with the document that answers each: one category of the synthetic set. */
export interface RecallSet {
  category: string;
  /** People that the user has told of by several names. */
  entities: { canonicalName: string; aliases: string[] }[];
  documents: { id: string; text: string; at: Date }[];
  questions: { text: string; relevant: string }[];
  /** The share of the questions whose answer has to be among the first five. */
  gate: number;
}

/** The synthetic set, the same with every call for the same `now`, which "last week" and the like count from. */
export const createRecallSets = (now: Date): RecallSet[] => [...createLanguageSets(now), ...createEnglishSets(now)];
