import type { Fact } from "../../app/api-types.ts";

/** Every kind of fact, as people call it. */
export const factTypeNames: Record<Fact["factType"], string> = {
  location: "Place",
  workplace: "Work",
  relationship: "Relationship",
  event: "Event",
  preference: "Preference",
  health: "Health",
  date: "Date",
  financial: "Money",
  other: "Fact",
};

export const outdatedReasonNames: Record<NonNullable<Fact["outdatedReason"]>, string> = {
  superseded: "replaced by a correction",
  contradicted: "contradicted",
  expired: "no longer current",
  retracted: "taken back",
};
