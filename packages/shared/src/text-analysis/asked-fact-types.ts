import { type FactType, factTypes } from "../enumerations.ts";

/** Words of English questions that ask for a kind of fact. */
const cues: Readonly<Partial<Record<FactType, RegExp>>> = {
  location: /\b(?:where|live[sd]?|living|address|city|town|country|home)\b/iu,
  workplace: /\b(?:work(?:s|ed|ing)?|job|employer|company|office|career|profession|boss)\b/iu,
  relationship: /\b(?:who|friends?|wife|husband|partner|girlfriend|boyfriend|married|sister|brother|mother|father|sons?|daughters?)\b/iu,
  event: /\b(?:when|happen(?:s|ed)?|event|party|wedding|meeting|trip)\b/iu,
  preference: /\b(?:likes?|loves?|enjoys?|prefers?|favou?rite|hates?|dislikes?)\b/iu,
  health: /\b(?:allerg(?:y|ies|ic)|ill(?:ness)?|sick|doctor|medicines?|medication|diet|health|pain)\b/iu,
  date: /\b(?:when|birthday|anniversary|date|how old)\b/iu,
  financial: /\b(?:salary|costs?|pays?|paid|price|budget|money|owes?|loan|rent|how much)\b/iu,
};

/** The kinds of fact that a question in English asks for: "where" for a place, "birthday" for a date. Empty when it does not say. */
export const askedFactTypes = (question: string): Set<FactType> => new Set(factTypes.filter((type) => cues[type]?.test(question) === true));
