import type { Outcome } from "./stage.ts";

/** Neither rows nor an error. */
export const nothing = ({ code, count }: Outcome): string | null => code ?? (count === 0 ? null : `${count} rows`);

/** Refused with this SQLSTATE. */
export const refused = ({ code, count }: Outcome, ...states: string[]): string | null =>
  code === null ? `accepted (${count} rows)` : states.includes(code) ? null : `${code} instead of ${states.join(" or ")}`;

/** Nothing was changed: no row was found, or the privilege is missing, as it should be. */
export const unchanged = (outcome: Outcome, mayDoIt: boolean): string | null =>
  !mayDoIt && outcome.code === "42501" ? null : nothing(outcome);
