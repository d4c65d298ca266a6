import { runCheck } from "./check-database.ts";

// Without the procedures, which this package does not know: `npm run db:check` adds them.
await runCheck();
