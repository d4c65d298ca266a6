import { type SQL, sql } from "drizzle-orm";
import { users } from "./schema/index.ts";

/** The stemmer of each language that PostgreSQL has one for since version 15; every other language is split into words and not stemmed. */
export const searchConfigs = {
  ar: "arabic",
  ca: "catalan",
  da: "danish",
  de: "german",
  el: "greek",
  en: "english",
  es: "spanish",
  eu: "basque",
  fi: "finnish",
  fr: "french",
  ga: "irish",
  hi: "hindi",
  hu: "hungarian",
  hy: "armenian",
  id: "indonesian",
  it: "italian",
  lt: "lithuanian",
  nb: "norwegian",
  ne: "nepali",
  nl: "dutch",
  nn: "norwegian",
  no: "norwegian",
  pt: "portuguese",
  ro: "romanian",
  ru: "russian",
  sr: "serbian",
  sv: "swedish",
  ta: "tamil",
  tr: "turkish",
  yi: "yiddish",
} as const;

const languages = Object.entries(searchConfigs)
  .map(([language, config]) => `when '${language}' then '${config}'`)
  .join(" ");

/** The text search configuration of a user's language as SQL, out of the map above and never out of input. */
export const searchConfig = (userId: string): SQL =>
  sql`(select case split_part(translate(lower(${users.locale}), '_', '-'), '-', 1) ${sql.raw(languages)} else 'simple' end from ${users} where ${users.id} = ${userId})::regconfig`;

/** The search vector of a text of a user, as SQL. */
export const searchVector = (userId: string, text: string | SQL): SQL => sql`to_tsvector(${searchConfig(userId)}, ${text})`;
