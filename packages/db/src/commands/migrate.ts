import { runCommand } from "./run-command.ts";
import { openTarget } from "./target.ts";

await runCommand(async () => {
  const target = await openTarget();
  try {
    const { applied, total } = await target.migrate();
    console.log(
      `Migrated ${target.name}: ${applied === 0 ? `all ${total} migrations were there` : `${applied} of ${total} migrations applied`}.`,
    );
  } finally {
    await target.close();
  }
});
