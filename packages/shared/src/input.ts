import { z } from "zod";

/** The longest texts that are taken, in UTF-16 units. */
export const textLimits = {
  name: 200,
  title: 500,
  notes: 10_000,
  message: 100_000,
  fact: 4_000,
  quote: 4_000,
  query: 4_000,
  externalId: 255,
} as const;

// oxlint-disable-next-line no-control-regex -- NUL is the one character that PostgreSQL's text cannot hold
const nul = /\u0000/;

/** Text as people write it: not empty, at most `max` UTF-16 units, storable (no NUL, no half of a surrogate pair). Kept verbatim. */
export const plainText = (max: number) =>
  z
    .string()
    .min(1, "must not be empty")
    .max(max, `must have at most ${max} characters: shorten it or split it up`)
    .refine((value) => !nul.test(value), "holds the character NUL, which cannot be stored: remove it")
    .refine((value) => value.isWellFormed(), "holds half of a surrogate pair, which is not valid Unicode: remove it")
    .refine((value) => value.trim() !== "", "must not be only white space");

export const idInput = z.uuid("must be a UUID");

/** One address, without a name: ASCII, at most 254 characters (RFC 5321). */
export const emailInput = z.email("must be an e-mail address").max(254, "must have at most 254 characters");

/** An instant as ISO 8601 with `Z` or an offset; becomes a Date. */
export const instantInput = z.iso
  .datetime({ offset: true, message: "must be an ISO 8601 instant with Z or an offset, such as 2026-11-21T09:00:00Z" })
  .transform((value) => new Date(value));

/** A page of a list: at most 100 items, from an opaque cursor that an earlier page gave. */
export const pageInput = {
  cursor: z.string().max(1_000, "is not a cursor of this list: leave it out to start over").optional(),
  limit: z.int().min(1).max(100, "must be at most 100: follow nextCursor for more").default(50),
};

/** The version of the row that a change was made against; a newer one on the server is a conflict. */
export const versionInput = z.int().min(1);

const supportedZones = new Set(Intl.supportedValuesOf("timeZone"));

/** An IANA time zone, as `Europe/Berlin`. */
export const zoneInput = z
  .string()
  .max(64)
  .refine((value) => {
    if (supportedZones.has(value)) return true;
    try {
      return new Intl.DateTimeFormat("en", { timeZone: value }).resolvedOptions().timeZone !== "" && value.includes("/");
    } catch {
      return value === "UTC";
    }
  }, "is not an IANA time zone: use one such as Europe/Berlin or UTC");

/** A BCP 47 language tag, as `en` or `pt-BR`. */
export const localeInput = z
  .string()
  .max(35)
  .refine((value) => {
    try {
      return Intl.getCanonicalLocales(value).length === 1;
    } catch {
      return false;
    }
  }, "is not a language tag: use one such as en or pt-BR");

/** What output schemas give for an instant: ISO 8601 in UTC. */
export const isoInstant = z.preprocess((value) => (value instanceof Date ? value.toISOString() : value), z.iso.datetime());
