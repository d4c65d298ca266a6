import { runMigrations } from "../migrate/run-migrations.ts";

const [dataDir = ""] = process.argv.slice(2);
process.once("disconnect", () => process.exit(1));
try {
  await runMigrations(`embedded:${dataDir}`);
  process.exit(0);
} catch {
  process.exit(1);
}
