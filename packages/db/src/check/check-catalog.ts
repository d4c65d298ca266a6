import type { Sql, TransactionSql } from "postgres";
import { runtimeRoles } from "../migrate/access-matrix.ts";
import { readCatalog } from "./catalog.ts";
import { codeRules } from "./code.ts";
import { columnRules } from "./columns.ts";
import { exceptions } from "./exceptions.ts";
import { keyRules } from "./keys.ts";
import { policyRules } from "./policies.ts";
import { privilegeRules } from "./privileges.ts";
import { roleRules } from "./roles.ts";
import type { Finding, Rule } from "./rule.ts";

export type { Finding } from "./rule.ts";

export const rules: readonly Rule[] = [...policyRules, ...privilegeRules, ...roleRules, ...keyRules, ...columnRules, ...codeRules];

const isException = (finding: Finding) => exceptions.some(({ rule, object }) => rule === finding.rule && object === finding.object);

/**
 * Compares the database's catalog with the rules that isolation rests on, in one statement; an empty list means that all hold.
 * Any role may run it, on both engines, also inside a transaction. Throws the driver's error when the database does not answer.
 */
export async function checkCatalog(connection: Sql | TransactionSql): Promise<Finding[]> {
  const catalog = await readCatalog(connection);
  return rules
    .flatMap((rule) => rule.violations(catalog).map((violation) => ({ rule: rule.name, ...violation })))
    .filter((finding) => !isException(finding));
}

/** First releases without CVE-2025-8713, through which planner statistics leak values of rows that policies hide. */
const safeReleases: Readonly<Record<number, number>> = { 15: 14, 16: 10, 17: 6 };

/** What an operator should know and what is no reason to stop: an old minor version, runtime roles without timeouts. One line each. */
export async function catalogWarnings(connection: Sql | TransactionSql, engine: "embedded" | "postgres"): Promise<string[]> {
  const { versionNumber, settings } = await readCatalog(connection);
  const warnings = versionWarning(versionNumber);
  // The embedded engine ignores the timeouts (one of them hangs it); there a watchdog ends what takes too long.
  if (engine === "embedded") return warnings;
  const unlimited = runtimeRoles.filter(
    (role) => !settings.some((known) => known.role === role && known.setting.startsWith("statement_timeout=")),
  );
  if (unlimited.length > 0) warnings.push(`${unlimited.join(", ")}: no statement_timeout in this database; db:migrate sets it.`);
  return warnings;
}

/** `versionNumber` as in server_version_num: 150014 is 15.14. */
export function versionWarning(versionNumber: number): string[] {
  const [major, minor] = [Math.floor(versionNumber / 10_000), versionNumber % 10_000];
  if (major < 15) return [`PostgreSQL ${major}.${minor} is not supported: use 15 or newer.`];
  const safe = safeReleases[major];
  if (safe === undefined || minor >= safe) return [];
  return [`PostgreSQL ${major}.${minor} leaks through planner statistics (CVE-2025-8713): update to ${major}.${safe} or newer.`];
}
