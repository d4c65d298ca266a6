import { catalogWarnings, checkCatalog, type Finding } from "../check/check-catalog.ts";
import { pendingMigrations } from "../migrate/run-migrations.ts";
import { runCommand } from "./run-command.ts";
import { openTarget, type Target } from "./target.ts";

interface Report {
  ok: boolean;
  catalog: Finding[];
  proof: [];
}

async function examine(target: Target): Promise<Finding[]> {
  if (!target.existed) await target.migrate();
  const pending = await pendingMigrations(target.owner);
  if (pending !== 0) {
    return [
      pending > 0
        ? { rule: "migrated", object: target.name, remedy: `${pending} migrations are missing: npm run db:migrate.` }
        : { rule: "migrated", object: target.name, remedy: "A newer version of Mema migrated it: update this one." },
    ];
  }
  return checkCatalog(target.owner);
}

function print(target: Target, catalog: Finding[], warnings: string[]): void {
  console.log(`Isolation of ${target.name}${target.existed ? "" : " (made just now)"}`);
  const width = Math.max(0, ...catalog.map((finding) => finding.rule.length));
  for (const { rule, object, remedy } of catalog) console.log(`  ${rule.padEnd(width)}  ${object}\n  ${"".padEnd(width)}  -> ${remedy}`);
  for (const warning of warnings) console.log(`  warning: ${warning}`);
  console.log(catalog.length === 0 ? "  ok: the catalog keeps every rule" : `  ${catalog.length} findings`);
}

await runCommand(
  async () => {
    const target = await openTarget();
    try {
      const catalog = await examine(target);
      print(target, catalog, await catalogWarnings(target.owner, target.engine));
      const report: Report = { ok: catalog.length === 0, catalog, proof: [] };
      if (process.argv.includes("--json")) console.log(JSON.stringify(report));
      if (!report.ok) process.exitCode = 1;
    } finally {
      await target.close();
    }
  },
  (error) => ({ ok: false, catalog: [], proof: [], error }),
);
