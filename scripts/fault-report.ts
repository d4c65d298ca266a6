import { basename } from "node:path";
import type { Reporter, TestModule } from "vitest/node";

/**
 * A vitest reporter that prints, as a Markdown table, how often each test of a run was repeated and how it ended. The report of the fault
 * suite: `MEMA_TEST_SCALE=full npm test -- --project 'worker-*' faults --reporter=./scripts/fault-report.ts`.
 */
export default class FaultReport implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const rows = modules.flatMap((module) =>
      [...module.children.allTests()].flatMap((test) => {
        const { state, errors } = test.result();
        if (state === "skipped") return [];
        const { repeatCount = 0, duration = 0 } = test.diagnostic() ?? {};
        const times = repeatCount + 1;
        const outcome = state === "passed" ? `${times} of ${times}` : `failed: ${errors?.[0]?.message.split("\n")[0] ?? "?"}`;
        const engine = test.project.name.replace(/^.*-/, "");
        return `| ${basename(module.moduleId)} | ${engine} | ${test.name} | ${outcome} | ${(duration / times / 1000).toFixed(1)} |`;
      }),
    );
    console.log(["| file | engine | fault | passed | seconds each |", "|---|---|---|---|---|", ...rows].join("\n"));
  }
}
