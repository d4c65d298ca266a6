import { writeSync } from "node:fs";
import postgres from "postgres";
import { openEmbeddedEngine } from "../engine.ts";

/** Writes rows for as long as it lives, and prints the number of each once the database has acknowledged it. */
const [dataDir = ""] = process.argv.slice(2);
const engine = await openEmbeddedEngine({ dataDir, maintenanceIntervalMs: 50 });
const sql = postgres({ ...engine.connection, max: 1, onnotice: () => undefined });

async function writeForEver(next: number): Promise<never> {
  for (let id = next; ; id += 2) {
    // oxlint-disable-next-line no-await-in-loop -- one transaction after the other is the point
    await sql.begin(async (tx) => {
      await tx`insert into notes values (${id}, ${"x".repeat(id % 3000)})`;
      await tx`insert into notes values (${id + 1}, 'second half')`;
    });
    writeSync(1, `${id}\n`);
  }
}

const [row] = await sql<{ next: number }[]>`select coalesce(max(id), 1) + 1 as next from notes`;
await writeForEver(row?.next ?? 2);
