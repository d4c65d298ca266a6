import type { Stage } from "./stage.ts";

/** What one property came to. `found` says each violation in words; the numbers are what an auditor reads. */
export interface ProofResult {
  property: string;
  guarantee: string;
  /** Tables, foreign keys, functions... that were tried. */
  objects: number;
  attempts: number;
  violations: number;
  found: string[];
}

export interface Property {
  /** As in SECURITY.md: I1 to I30. */
  id: string;
  guarantee: string;
  prove(stage: Stage, record: Record): Promise<void>;
}

/** Counts what was tried and what went wrong. */
export class Record {
  readonly #objects = new Set<string>();
  #attempts = 0;
  readonly #found: string[] = [];

  /** One attempt on an object. `wrong` says what happened that must not, null when nothing did. */
  tried(object: string, wrong: string | null): void {
    this.#objects.add(object);
    this.#attempts++;
    if (wrong !== null) this.#found.push(`${object}: ${wrong}`);
  }

  result({ id, guarantee }: Pick<Property, "id" | "guarantee">): ProofResult {
    return {
      property: id,
      guarantee,
      objects: this.#objects.size,
      attempts: this.#attempts,
      violations: this.#found.length,
      found: this.#found,
    };
  }
}
