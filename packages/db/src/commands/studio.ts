import { mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AppError } from "@mema/shared";
import { runDrizzleKit } from "./drizzle-kit.ts";
import { runCommand } from "./run-command.ts";
import { openTarget, type Target } from "./target.ts";

async function openOnSocket(target: Target): Promise<void> {
  const { embedded } = target;
  if (embedded === null) return;
  if (process.platform === "win32") {
    throw new AppError("PRECONDITION_FAILED", "db:studio cannot open the embedded database on Windows: set DATABASE_URL.");
  }
  // PostgreSQL's drivers look for a socket of this name in the folder that they are given as host.
  const folder = mkdtempSync(join(tmpdir(), "mema-studio-"));
  try {
    symlinkSync(embedded.connection.path, join(folder, ".s.PGSQL.5432"));
    const { user, database } = embedded.connection;
    await runDrizzleKit("studio", process.argv.slice(2), { host: folder, port: 5432, user, database });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

await runCommand(async () => {
  const target = await openTarget();
  try {
    await target.migrate();
    if (target.ownerUrl === null) {
      console.log(`Opening ${target.name}; nobody else can use it until this ends (Ctrl-C).`);
      await openOnSocket(target);
    } else {
      console.log(`Opening ${target.name}. Row-level security is forced: an owner that is no superuser sees the tables and no rows.`);
      await runDrizzleKit("studio", process.argv.slice(2), { url: target.ownerUrl });
    }
  } finally {
    await target.close();
  }
});
