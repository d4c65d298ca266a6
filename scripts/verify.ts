import { spawnSync } from "node:child_process";

/** Everything that needs no database and takes seconds. */
const steps: [name: string, command: string, ...parameters: string[]][] = [
  ["format", "oxfmt", "--check"],
  ["lint", "oxlint", "--type-aware", "--deny-warnings"],
  ["types", "tsc", "-b"],
  ["structure", "node", "scripts/check-structure.ts"],
  ["reference", "node", "scripts/generate-reference.ts", "--check"],
  ["documents", "node", "scripts/check-docs.ts"],
  ["dependencies", "knip"],
];

let failed = 0;
for (const [name, command, ...parameters] of steps) {
  const start = performance.now();
  const { status, stdout, stderr } = spawnSync(command, parameters, { encoding: "utf8" });
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  console.log(`${status === 0 ? "ok  " : "FAIL"} ${name} (${seconds} s)`);
  if (status !== 0) {
    failed++;
    console.log(`${stdout}${stderr}`.trimEnd());
  }
}
process.exit(failed === 0 ? 0 : 1);
