import { checkReadiness, type Db, examineCatalog, type Finding, type ReadinessCheck } from "@mema/db";
import type { ServerLog } from "./log.ts";

/**
 * Keeps requests out until the database has shown, once, that it may be served: it answers, is migrated, no login could pass row-level
 * security by, and its catalog keeps every rule of isolation. `onOpen` runs before the first request gets in.
 */
export class ReadinessGate {
  readonly #db: Db;
  readonly #log: ServerLog;
  readonly #examined: boolean;
  readonly #onOpen: () => Promise<void>;
  #open = false;
  #checking: Promise<ReadinessCheck[]> | null = null;

  /** `examined`: this process has the database for itself and has found its catalog in order just now. */
  constructor(db: Db, log: ServerLog, examined: boolean, onOpen: () => Promise<void>) {
    this.#db = db;
    this.#log = log;
    this.#examined = examined;
    this.#onOpen = onOpen;
  }

  /** What is wrong; empty once the gate is open. Requests that come while it looks wait for the same look. */
  async failing(): Promise<ReadinessCheck[]> {
    if (this.#open) return [];
    this.#checking ??= this.#check().finally(() => {
      this.#checking = null;
    });
    return this.#checking;
  }

  async #check(): Promise<ReadinessCheck[]> {
    const failing = (await checkReadiness(this.#db)).filter((check) => !check.ok);
    if (failing.length > 0) return failing;
    const findings = this.#examined ? [] : await this.#examine();
    if (findings.length > 0) return [broken(findings)];
    await this.#onOpen();
    this.#open = true;
    return [];
  }

  async #examine(): Promise<Finding[]> {
    const { findings, warnings } = await examineCatalog(this.#db);
    for (const { rule, object, remedy } of findings) this.#log.error({ rule, object, remedy }, "a rule of isolation is broken");
    if (findings.length === 0) for (const warning of warnings) this.#log.warn({ warning }, "the database");
    return findings;
  }
}

/** Rules by name: what breaks them is in the log, and no stranger's to know. */
const broken = (findings: Finding[]): ReadinessCheck => ({
  name: "isolation",
  ok: false,
  reason: `the database breaks rules of isolation (${[...new Set(findings.map(({ rule }) => rule))].join(", ")}), so this server refuses to serve: \`npm run db:check\` says what to do`,
});
