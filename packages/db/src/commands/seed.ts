import { withUser } from "../connection/access.ts";
import { databaseClock, readClock } from "../clock.ts";
import { createUserRepository } from "../users.repository.ts";
import { runCommand } from "./run-command.ts";
import { demoUserId, renewDemoKey, storeDemoUser } from "./seed-story.ts";
import { openTarget } from "./target.ts";

await runCommand(async () => {
  const target = await openTarget();
  try {
    await target.migrate();
    const { made, token } = await withUser(target.client(), demoUserId, async (tx) => {
      const found = await createUserRepository(tx).find();
      if (found === null) await storeDemoUser(tx, await readClock(tx, databaseClock));
      return { made: found === null, token: await renewDemoKey(tx) };
    });
    console.log(`${made ? "Stored the demo user in" : "The demo user was there, with a new key, in"} ${target.name}.`);
    console.log(`User: ${demoUserId}\nAPI key: ${token}`);
  } finally {
    await target.close();
  }
});
