import { existsSync } from "node:fs";
import { facts, type Facts } from "./facts.ts";

/** What a benchmark module exports. `report` is printed for people and, with --json, as the last line of stdout. */
export interface Benchmark {
  /** Measures and returns the figures; prints its progress and tables itself. `parameters` are the words after the name, without --json. */
  measure(parameters: string[]): Promise<{ engine: string; report: object }>;
}

const names = ["isolation-cost", "recall", "recall-speed", "reminders", "startup", "vector-forms"];
const [name, ...rest] = process.argv.slice(2);
const file = name !== undefined && names.includes(name) ? new URL(`./${name}.ts`, import.meta.url) : null;
if (file === null || !existsSync(file)) {
  console.error(`usage: npm run bench -- ${names.join("|")} [--json]`);
  process.exit(2);
}
const benchmark = (await import(file.href)) as Benchmark;
const { engine, report } = await benchmark.measure(rest.filter((word) => word !== "--json"));
const measured: Facts = facts(engine);
console.log(`\n${measured.engine}; ${measured.machine}; commit ${measured.commit}; ${measured.date}`);
if (rest.includes("--json")) console.log(JSON.stringify({ ...report, ...measured }));
