import type { Fault } from "./list.ts";

/** What came of one test of a fault. */
export interface Outcome {
  fault: string;
  engine: string;
  test: string;
  file: string;
  times: number;
  passed: boolean;
  /** Of all times together. */
  seconds: number;
  error: string | null;
  commit: string;
  at: string;
}

/** The newest outcome of each test as a Markdown report; faults that did not run are named. */
export function renderReport(faults: readonly Fault[], outcomes: readonly Outcome[], machine: string): string {
  const newest = new Map(outcomes.map((outcome) => [`${outcome.fault}|${outcome.engine}|${outcome.test}`, outcome]));
  const all = [...newest.values()];
  const dates = all.map(({ at }) => at).toSorted((a, b) => a.localeCompare(b));
  const rows = faults.flatMap(({ fault }) =>
    all
      .filter((outcome) => outcome.fault === fault)
      .map(({ engine, test, times, passed, seconds, error, commit }) => {
        const result = passed ? `${times} of ${times}` : `failed: ${error ?? "?"}`;
        return `| ${fault} | ${test.replaceAll("|", "\\|")} | ${engine} | ${result} | ${(seconds / times).toFixed(1)} | ${commit} |`;
      }),
  );
  const absent = faults.filter(({ fault }) => !all.some((outcome) => outcome.fault === fault)).map(({ fault }) => `- ${fault}`);
  const total = all.reduce((sum, { times, passed }) => sum + (passed ? times : 0), 0);
  return [
    `# Faults, repeated: ${dates[0]?.slice(0, 10) ?? "none"}`,
    "",
    `${machine}. Run from ${dates[0] ?? "-"} to ${dates.at(-1) ?? "-"} with \`npm run faults -- --times 20\`, in pieces (\`--only\`), each test`,
    `at full scale and so many times in a row. ${all.filter(({ passed }) => passed).length} of ${all.length} tests passed every time, ${total} faults survived.`,
    "",
    "| fault | what is guaranteed (the test's name) | engine | passed | seconds each | commit |",
    "|---|---|---|---|---|---|",
    ...rows,
    "",
    ...(absent.length === 0 ? [] : ["Not run:", "", ...absent, ""]),
  ].join("\n");
}
