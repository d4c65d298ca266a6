import { runDrizzleKit } from "./drizzle-kit.ts";
import { runCommand } from "./run-command.ts";

await runCommand(async () => {
  await runDrizzleKit("generate", process.argv.slice(2));
  console.log("Compared src/schema with the migrations; what is new, if anything, stands above. Apply it with npm run db:migrate.");
});
