import { AppError } from "@mema/shared";
import { checkCatalog } from "../check/check-catalog.ts";
import { harden } from "../migrate/harden.ts";
import { runDrizzleKit } from "./drizzle-kit.ts";
import { pushToEngine } from "./push-embedded.ts";
import { runCommand } from "./run-command.ts";
import { describeTarget, isLocal, openTarget } from "./target.ts";

await runCommand(async () => {
  const described = describeTarget();
  if (described.engine === "embedded") return pushEmbedded(described.folder);
  if (!isLocal(described.url)) {
    throw new AppError(
      "PRECONDITION_FAILED",
      `db:push is for development and ${described.name} is not on this machine: use db:generate and db:migrate.`,
    );
  }
  const target = await openTarget();
  try {
    await target.migrate();
    await runDrizzleKit("push", process.argv.slice(2), { url: asOwnerRole(described.url) });
    await target.owner.begin(async (tx) => {
      await tx.unsafe("set local role mema_owner");
      await harden(tx);
    });
    const findings = await checkCatalog(target.owner);
    console.log(`Pushed src/schema to ${target.name}. The migrations do not know of it: db:generate, then db:reset, before it is shared.`);
    for (const { rule, object, remedy } of findings) console.error(`  ${rule}: ${object}\n    ${remedy}`);
    if (findings.length > 0) process.exitCode = 1;
  } finally {
    await target.close();
  }
});

async function pushEmbedded(folder: string): Promise<void> {
  const target = await openTarget();
  try {
    await target.migrate();
    const changes = await pushToEngine(target, folder);
    console.log(`Pushed src/schema to ${target.name}: ${changes} ${changes === 1 ? "change" : "changes"}.`);
    if (changes > 0) console.log("The migrations do not know of it: db:generate, then db:reset, before it is shared.");
    for (const { rule, object, remedy } of await checkCatalog(target.owner)) {
      console.error(`  ${rule}: ${object}\n    ${remedy}`);
      process.exitCode = 1;
    }
  } finally {
    await target.close();
  }
}

/** New objects belong to mema_owner, whoever connects. */
function asOwnerRole(url: string): string {
  const changed = new URL(url);
  changed.searchParams.set("role", "mema_owner");
  return changed.href;
}
