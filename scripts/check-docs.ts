import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { appRouter } from "@mema/api";
import { databaseEnvironment } from "@mema/db";
import { serverEnvironment } from "@mema/server";
import { workerEnvironment } from "@mema/worker";

/** Fails when a document names a path, link, command, procedure or variable of ours that does not exist. */
const files = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard"], { encoding: "utf8" })
  .trim()
  .split("\n")
  .filter((file) => existsSync(file));
const documents = files.filter((file) => /^([A-Z]+|docs\/.*)\.md$/.test(file));
const { scripts } = JSON.parse(readFileSync("package.json", "utf8")) as { scripts: Record<string, string> };
const procedures = new Set(Object.keys(appRouter._def.procedures));
const routers = new Set([...procedures].map((path) => path.split(".")[0]));
const variables = new Set(
  [serverEnvironment, workerEnvironment, databaseEnvironment].flatMap((schema) => Object.keys(schema.shape)).concat("TEST_DATABASE_URL"),
);
// What other places read: tests, the compose file, programs under examples/.
for (const file of [".env.example", "docker-compose.yml", "packages/db/src/testing/env.ts"]) {
  for (const [name] of readFileSync(file, "utf8").matchAll(/\bMEMA_\w+/g)) variables.add(name);
}

/** Files that a running server makes, and patterns that stand for many. */
const notInRepository = /^(\.mema|\.env$|\/)|keys\.json$|[<>*{]|\.\.\./;
const folders = /^(apps|benchmarks|docs|examples|packages|scripts|\.ci)\//;
const looksLikeFile = /^[\w./-]+\.(ts|tsx|mjs|sql|sh|md|yml|json)$/;

const problems: string[] = [];

function checkPath(document: string, path: string): void {
  const exact = path.replace(/\/$/, "");
  if (notInRepository.test(path) || existsSync(exact)) return;
  // Within a sentence about a folder, the end of a path is enough.
  if (!folders.test(path) && files.some((file) => file.endsWith(`/${path}`))) return;
  problems.push(`${document}: ${path} does not exist`);
}

for (const document of documents) {
  const text = readFileSync(document, "utf8");
  for (const [name] of text.matchAll(/\bMEMA_[A-Z_]*[A-Z]\b/g)) {
    if (!variables.has(name) && name !== "MEMA_KEY") problems.push(`${document}: nothing reads ${name}`);
  }
  for (const [, target = ""] of text.matchAll(/\]\(([^)\s#]+)[^)]*\)/g)) {
    if (!/^\w+:/.test(target)) checkPath(document, join(dirname(document), target));
  }
  const blocks = [...text.matchAll(/^```\w*\n([\s\S]*?)^```/gm)].map(([, block = ""]) => block);
  const spans = [...text.replaceAll(/^```[\s\S]*?^```/gm, "").matchAll(/`([^`\n]+)`/g)].map(([, span = ""]) => span);
  for (const [, name = "", , benchmark] of [...blocks, ...spans]
    .join("\n")
    .matchAll(/\bnpm (?:run (?:-s )?)?([a-z][\w:-]*)( -- ([a-z-]+))?/g)) {
    if (["install", "ci", "run", "exec", "registry"].includes(name)) continue;
    if (!(name in scripts)) problems.push(`${document}: npm run ${name} does not exist`);
    if (name === "bench" && benchmark !== undefined) checkPath(document, `benchmarks/${benchmark}.ts`);
  }
  for (const span of spans) {
    const [word = ""] = span.split(/[\s(]/);
    if (folders.test(word) || looksLikeFile.test(word)) checkPath(document, word);
    else if (/^[a-z]\w*\.[a-z]\w*$/i.test(word) && routers.has(word.split(".")[0]) && !procedures.has(word)) {
      problems.push(`${document}: there is no procedure ${word}`);
    }
  }
  for (const block of blocks) {
    for (const [path] of block.matchAll(/(?<![\w./-])(apps|benchmarks|examples|packages|scripts)\/[\w./-]+\.\w+/g))
      checkPath(document, path);
  }
}

for (const problem of new Set(problems)) console.error(problem);
console.log(problems.length === 0 ? `documents: ok (${documents.length})` : `documents: ${problems.length} problems`);
process.exitCode = problems.length === 0 ? 0 : 1;
