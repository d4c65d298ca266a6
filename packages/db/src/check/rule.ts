import type { Catalog } from "./catalog.ts";

/** Something that breaks a rule of the catalog, and what to do about it. */
export interface Finding {
  rule: string;
  object: string;
  remedy: string;
}

export type Violation = Omit<Finding, "rule">;

export interface Rule {
  name: string;
  violations(catalog: Catalog): Violation[];
}
