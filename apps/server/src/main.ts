import { loadQuickly } from "./quick-load.ts";

await loadQuickly(async () => (await import("./run.ts")).run());
