import { defineConfig } from "vitest/config";
import { chromiumPath } from "./apps/web/testing/chromium-path.ts";
import { hasPostgresBinaries } from "./packages/db/src/testing/cluster.ts";
import { testEnvironment } from "./packages/db/src/testing/env.ts";

const hasPostgres = testEnvironment.databaseUrl !== null || hasPostgresBinaries();
if (!hasPostgres) {
  console.log(
    "Skipped: db-postgres, api-postgres, server-postgres (no TEST_DATABASE_URL, and no PostgreSQL with pgvector on this machine)",
  );
}

/** In CI the browser tests run in any case, and fail where there is no browser. */
const hasBrowser = chromiumPath !== undefined || process.env["CI"] !== undefined;
if (!hasBrowser) console.log("Skipped: web (no Chromium on this machine; on Debian it is the package chromium)");

/** Suites that use a database run on both engines; PostgreSQL is TEST_DATABASE_URL, else a private cluster from the machine's programs. */
const onBothEngines = (name: string, root: string, exclude: string[] = []) =>
  (hasPostgres ? ["embedded", "postgres"] : ["embedded"]).map((engine) => ({
    test: {
      name: `${name}-${engine}`,
      root,
      include: ["src/**/*.test.ts"],
      exclude,
      env: { MEMA_TEST_ENGINE: engine },
      testTimeout: 60_000,
      hookTimeout: 120_000,
    },
  }));

export default defineConfig({
  test: {
    globalSetup: ["packages/db/src/testing/global-setup.ts"],
    projects: [
      { test: { name: "shared", root: "packages/shared", include: ["src/**/*.test.ts"], testTimeout: 60_000 } },
      ...onBothEngines("db", "packages/db", ["src/embedded/**"]),
      { test: { name: "embedded", root: "packages/db", include: ["src/embedded/**/*.test.ts"], testTimeout: 60_000, hookTimeout: 60_000 } },
      ...onBothEngines("api", "packages/api"),
      ...onBothEngines("worker", "apps/worker"),
      ...onBothEngines("server", "apps/server"),
      ...(hasBrowser
        ? [{ test: { name: "web", root: "apps/web", include: ["e2e/**/*.test.ts"], testTimeout: 180_000, hookTimeout: 120_000 } }]
        : []),
      ...(hasPostgresBinaries()
        ? [{ test: { name: "scripts", root: "scripts", include: ["*.test.ts"], testTimeout: 120_000, hookTimeout: 120_000 } }]
        : []),
    ],
  },
});
