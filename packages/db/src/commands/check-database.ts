import { tryCatch } from "@mema/shared";
import { catalogWarnings, checkCatalog, type Finding, rules } from "../check/check-catalog.ts";
import { type ProofResult, proveIsolation } from "../check/proof/prove-isolation.ts";
import type { Db } from "../connection/client.ts";
import { recordIsolationProof } from "../isolation-proofs.repository.ts";
import { pendingMigrations } from "../migrate/run-migrations.ts";
import { runCommand } from "./run-command.ts";
import { openTarget, type Target } from "./target.ts";

interface Report {
  ok: boolean;
  catalog: Finding[];
  proof: ProofResult[];
}

const notMigrated = (target: Target, pending: number): Finding => ({
  rule: "migrated",
  object: target.name,
  remedy: pending > 0 ? `${pending} migrations are missing: npm run db:migrate.` : "A newer version of Mema migrated it: update this one.",
});

async function examine(target: Target, proveMore: (db: Db) => Promise<ProofResult[]>): Promise<Report & { warnings: string[] }> {
  if (!target.existed) await target.migrate();
  const pending = await pendingMigrations(target.owner);
  const warnings = await catalogWarnings(target.owner, target.engine);
  if (pending !== 0) return { ok: false, catalog: [notMigrated(target, pending)], proof: [], warnings };
  const catalog = await checkCatalog(target.owner);
  await target.release();
  const proof = [...(await proveIsolation(target.client())), ...(await proveMore(target.client()))];
  const ok = catalog.length === 0 && proof.every(({ violations }) => violations === 0);
  await target.release();
  const { engine, owner } = target;
  const result = { ok, engine, rules: rules.length, findings: catalog.length, proof };
  const [, unrecorded] = await tryCatch(recordIsolationProof(owner, result));
  if (unrecorded !== null) warnings.push(`The result could not be kept for the System page: ${unrecorded.message}`);
  return { ok, catalog, proof, warnings };
}

function printCatalog(catalog: Finding[], warnings: string[]): void {
  const width = Math.max(0, ...catalog.map((finding) => finding.rule.length));
  for (const { rule, object, remedy } of catalog) console.log(`  ${rule.padEnd(width)}  ${object}\n  ${"".padEnd(width)}  -> ${remedy}`);
  for (const warning of warnings) console.log(`  warning: ${warning}`);
  console.log(catalog.length === 0 ? "  ok: the catalog keeps every rule" : `  ${catalog.length} findings`);
}

const mostShown = 5;

function printProof(proof: ProofResult[], seconds: string): void {
  const row = (cells: [string | number, string | number, string | number, string | number, string]) =>
    `  ${String(cells[0]).padEnd(5)} ${[cells[1], cells[2], cells[3]].map((cell) => String(cell).padStart(10)).join(" ")}   ${cells[4]}`;
  console.log(`\n${row(["", "objects", "attempts", "violations", "guarantee"])}`);
  for (const { property, objects, attempts, violations, guarantee, found } of proof) {
    console.log(row([property, objects, attempts, violations, guarantee]));
    for (const what of found.slice(0, mostShown)) console.log(`${" ".repeat(42)}   -> ${what}`);
    if (found.length > mostShown) console.log(`${" ".repeat(42)}   -> and ${found.length - mostShown} more`);
  }
  const sum = (of: "attempts" | "violations") => proof.reduce((total, result) => total + result[of], 0);
  const verdict = sum("violations") === 0 ? "ok: nothing crosses from one user to another" : "NOT ISOLATED";
  console.log(`  ${verdict} (${proof.length} properties, ${sum("attempts")} attempts, ${sum("violations")} violations, ${seconds} s)`);
}

/**
 * The command db:check: the catalog against every rule, then the live proof with two throwaway users, `proveMore` included. Prints a table;
 * `--json` adds one line for programs. Keeps the result in ops.isolation_proofs. Exit code 1 on any finding or violation. Safe on a database in use.
 */
export async function runCheck(proveMore: (db: Db) => Promise<ProofResult[]> = async () => []): Promise<void> {
  await runCommand(
    async () => {
      const target = await openTarget();
      try {
        const start = performance.now();
        const { warnings, ...report } = await examine(target, proveMore);
        console.log(`Isolation of ${target.name}${target.existed ? "" : " (made just now)"}`);
        printCatalog(report.catalog, warnings);
        if (report.proof.length > 0) printProof(report.proof, ((performance.now() - start) / 1000).toFixed(1));
        if (process.argv.includes("--json")) console.log(JSON.stringify(report));
        if (!report.ok) process.exitCode = 1;
      } finally {
        await target.close();
      }
    },
    (error) => ({ ok: false, catalog: [], proof: [], error }),
  );
}
