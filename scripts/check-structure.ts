import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";

/** Which workspace packages each one may import. `@mema/api/client` is the API's browser-safe entry. */
const allowedEdges: Record<string, readonly string[]> = {
  "packages/shared": [],
  "packages/db": ["@mema/shared"],
  "packages/api": ["@mema/shared", "@mema/db"],
  "apps/server": ["@mema/shared", "@mema/db", "@mema/api"],
  "apps/worker": ["@mema/shared", "@mema/api/client"],
  "apps/web": ["@mema/shared", "@mema/api/client"],
};

/** Files in a package's tests may also use what tests need. */
const allowedInTests = [
  "@mema/db/testing",
  "@mema/db/cluster",
  "@mema/db",
  "@mema/api",
  "@mema/api/client",
  "@mema/api/testing",
  "@mema/server",
];
const vagueNames = /^(utils?|helpers?|common|manager|misc)(\.|$|-)|-(utils?|helpers?|common|manager)(\.|$)/;
const kebabCase = /^[a-z0-9]+([.-][a-z0-9]+)*$/;

const problems: string[] = [];

function* files(folder: string): Generator<string> {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (["node_modules", "dist", ".turbo", "migrations"].includes(entry.name)) continue;
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* files(path);
    else yield path;
  }
}

for (const [home, allowed] of Object.entries(allowedEdges)) {
  if (!existsSync(home)) continue;
  for (const path of files(home)) {
    const name = basename(path);
    if (vagueNames.test(name)) problems.push(`${path}: name it for what it does`);
    if (!/\.(ts|tsx)$/.test(name)) continue;
    if (!kebabCase.test(name)) problems.push(`${path}: file names are kebab-case`);
    const isTest = name.includes(".test.") || /\/testing[/.-]/.test(path);
    const own = JSON.parse(readFileSync(join(home, "package.json"), "utf8")) as { name: string };
    for (const [, specifier = ""] of readFileSync(path, "utf8").matchAll(/(?:from|import)\s*\(?\s*["'](@mema\/[^"']+)["']/g)) {
      if (
        specifier.startsWith(own.name) ||
        allowed.some((edge) => specifier === edge || specifier.startsWith(`${edge}/`)) ||
        (isTest && allowedInTests.includes(specifier))
      )
        continue;
      problems.push(`${path}: may not import ${specifier} (allowed: ${allowed.join(", ") || "nothing of the workspace"})`);
    }
    if (!isTest && home !== "packages/db" && /from ["']postgres["']/.test(readFileSync(path, "utf8"))) {
      problems.push(`${path}: only packages/db talks to the driver`);
    }
  }
}

/**
 * A domain has the same file name in every layer, so that one search finds all of it: a router or repository is named after a schema
 * file, or after a part of one (listed here with the domain it belongs to).
 */
const partOf: Record<string, string> = {
  "api-keys": "sign-in",
  "audit-log": "events",
  deliveries: "reminders",
  health: "ops",
  "held-deliveries": "reminders",
  "idempotency-keys": "events",
  "isolation-proofs": "ops",
  occurrences: "reminders",
  "reminder-changes": "reminders",
  "rate-limits": "ops",
  "recall-embeddings": "recall",
  "recall-index": "recall",
  system: "ops",
  worker: "reminders",
  "worker-leases": "reminders",
  "worker-nodes": "ops",
  "worker-stats": "reminders",
};
const domains = new Set(readdirSync("packages/db/src/schema").map((file) => file.replace(/\.ts$/, "")));
const domainOf = (folder: string, suffix: string): string[] =>
  readdirSync(folder)
    .filter((file) => file.endsWith(suffix) && !file.includes(".test."))
    .map((file) => file.slice(0, -suffix.length));
for (const [folder, suffix] of [
  ["packages/db/src", ".repository.ts"],
  ["packages/api/src/routers", ".ts"],
] as const) {
  for (const domain of domainOf(folder, suffix)) {
    if (!domains.has(partOf[domain] ?? domain)) {
      problems.push(`${folder}/${domain}${suffix}: no packages/db/src/schema/${domain}.ts; a domain has the same file name in every layer`);
    }
  }
}

for (const problem of problems) console.error(problem);
console.log(problems.length === 0 ? "structure: ok" : `structure: ${problems.length} problems`);
process.exit(problems.length === 0 ? 0 : 1);
