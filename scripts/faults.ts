import { execFileSync, spawnSync } from "node:child_process";
import { appendFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { basename, dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { z } from "zod";
import { type Fault, faults } from "./faults/list.ts";
import { type Outcome, renderReport } from "./faults/report.ts";

const usage = `Runs the faults that reminders have to survive, at full scale, again and again, and reports how often each passed.

  npm run faults -- [--times 20] [--engine postgres|embedded] [--only TEXT] [--results FILE] [--report FILE] [--list]

  --only     faults whose name or test file holds the text
  --results  a line of JSON for each test, added to what is there; the report is made of all of them
  --report   writes the report (Markdown) there instead of printing it
  --list     which test shows what, without running anything`;

const { values: options } = parseArgs({
  options: {
    times: { type: "string", default: "20" },
    engine: { type: "string" },
    only: { type: "string", default: "" },
    results: { type: "string", default: "node_modules/.cache/mema-faults.jsonl" },
    report: { type: "string" },
    list: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});
const root = fileURLToPath(new URL("..", import.meta.url));
const commit = execFileSync("git", ["rev-parse", "--short", "HEAD"], { cwd: root, encoding: "utf8" }).trim();
const vitestReport = z.object({
  testResults: z.array(
    z.object({
      assertionResults: z.array(
        z.object({
          title: z.string(),
          ancestorTitles: z.array(z.string()),
          status: z.string(),
          duration: z.number().nullish(),
          failureMessages: z.array(z.string()).nullish(),
        }),
      ),
    }),
  ),
});

const escaped = (text: string) => text.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&");
const title = (test: { title: string; ancestorTitles: string[] }) => [...test.ancestorTitles, test.title].join(" ");

/** Runs the tests of the faults of one file on one engine. Throws when a test that a fault names is not there. */
function run(some: readonly Fault[], engine: "postgres" | "embedded"): Outcome[] {
  const [first] = some;
  if (first === undefined) return [];
  const { file } = first;
  const project = first.project === "shared" || first.project === "embedded" ? first.project : `${first.project}-${engine}`;
  const folder = mkdtempSync(join(tmpdir(), "mema-faults-"));
  const output = join(folder, "report.json");
  const names = some.flatMap(({ tests }) => tests.map((test) => `(^| )${escaped(test)}`)).join("|");
  const at = new Date().toISOString();
  spawnSync(
    process.execPath,
    [
      join(root, "node_modules/vitest/vitest.mjs"),
      "run",
      "--project",
      project,
      file,
      "-t",
      names,
      "--reporter=json",
      `--outputFile=${output}`,
    ],
    { cwd: root, stdio: ["ignore", "ignore", "inherit"], env: { ...process.env, MEMA_TEST_SCALE: "full", MEMA_TEST_TIMES: options.times } },
  );
  const { testResults } = existsSync(output) ? vitestReport.parse(JSON.parse(readFileSync(output, "utf8"))) : { testResults: null };
  rmSync(folder, { recursive: true });
  const times = Number(options.times);
  if (testResults === null) {
    const error = "the tests ended without a report";
    const lost = { engine, file: basename(file), times, passed: false, seconds: 0, error, commit, at };
    return some.flatMap(({ fault, tests }) => tests.map((test): Outcome => ({ fault, test: `${test} ...`, ...lost })));
  }
  const ran = testResults
    .flatMap(({ assertionResults }) => assertionResults)
    .filter(({ status }) => status === "passed" || status === "failed");
  return some.flatMap(({ fault, tests, once }) =>
    tests.map((test): Outcome => {
      const found = ran.filter((one) => title(one).startsWith(test) || title(one).includes(` ${test}`));
      const [one] = found;
      if (one === undefined) throw new Error(`${file} has no test "${test}" that ran in ${project}: correct scripts/faults/list.ts`);
      const broken = found.find(({ status }) => status === "failed");
      return {
        fault,
        engine,
        test: found.length === 1 ? one.title : `${found.length} tests: ${test} ...`,
        file: basename(file),
        times: once === true ? 1 : times,
        passed: broken === undefined,
        seconds: found.reduce((sum, { duration }) => sum + (duration ?? 0) / 1000, 0),
        error: broken?.failureMessages?.[0]?.split("\n")[0] ?? null,
        commit,
        at,
      };
    }),
  );
}

if (options.help || !(Number(options.times) >= 1)) {
  console.log(usage);
  process.exit(options.help ? 0 : 1);
}
const chosen = faults.filter(({ fault, file }) => fault.includes(options.only) || file.includes(options.only));
if (options.list) {
  for (const { fault, file, tests } of chosen) console.log(`${fault}\n${tests.map((test) => `    ${file}: ${test}`).join("\n")}`);
  process.exit(0);
}
mkdirSync(dirname(resolve(root, options.results)), { recursive: true });
const results = resolve(root, options.results);
let failed = 0;
for (const engine of ["postgres", "embedded"] as const) {
  if (options.engine !== undefined && options.engine !== engine) continue;
  const here = chosen.filter(({ only }) => only === undefined || only === engine);
  for (const [file, some] of Map.groupBy(here, (fault) => fault.file)) {
    console.log(`${engine} ${file}: ${some.length} faults, ${options.times} times each`);
    for (const outcome of run(some, engine)) {
      appendFileSync(results, `${JSON.stringify(outcome)}\n`);
      if (!outcome.passed) failed += 1;
      console.log(`  ${outcome.passed ? "ok  " : "FAIL"} ${outcome.test}${outcome.error === null ? "" : `: ${outcome.error}`}`);
    }
  }
}
const lines = existsSync(results) ? readFileSync(results, "utf8").trim().split("\n") : [];
const machine = `${cpus().length} x ${cpus()[0]?.model.trim() ?? "?"}, ${process.platform}, Node ${process.versions.node}`;
const report = renderReport(
  faults,
  lines.filter((line) => line !== "").map((line) => JSON.parse(line) as Outcome),
  machine,
);
if (options.report === undefined) console.log(`\n${report}`);
else writeFileSync(resolve(root, options.report), report);
process.exit(failed === 0 ? 0 : 1);
