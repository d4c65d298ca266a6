import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { promisify } from "node:util";
import zlib from "node:zlib";

/*
 * Builds the page into dist. With --if-stale only when its sources have changed since, by their content: that is what a server does
 * when it starts. Ends with exit code 1 when the page does not build or its first load is over the budget.
 */

const root = import.meta.dirname;
const dist = join(root, "dist");
const stamp = join(dist, "sources.txt");
const sources = ["src", "public", "index.html", "vite.config.ts", "package.json", "../../packages/api/src/client.ts"];

/** Compressed size of everything that the first page needs before it shows, in bytes. */
const firstLoadBudget = 120_000;

const brotli = promisify(zlib.brotliCompress);
const gzip = promisify(zlib.gzip);

const fingerprint = fingerprintSources();
const fresh = existsSync(stamp) && (fingerprint === null || readFileSync(stamp, "utf8") === fingerprint);
if (!(process.argv.includes("--if-stale") && fresh)) await build();

function* filesIn(path: string): Generator<string> {
  const entries = readdirSync(path, { withFileTypes: true, recursive: true });
  for (const entry of entries) if (entry.isFile()) yield join(entry.parentPath, entry.name);
}

/** A hash of all sources; null where they are not (an image that carries only the built page). */
function fingerprintSources(): string | null {
  const hash = createHash("sha256");
  if (!existsSync(join(root, "src"))) return null;
  for (const source of sources) {
    const path = join(root, source);
    const files = statSync(path).isFile() ? [path] : [...filesIn(path)].toSorted();
    for (const file of files) if (!file.includes(".test.")) hash.update(`${relative(root, file)}\0`).update(readFileSync(file));
  }
  return hash.digest("hex");
}

async function build(): Promise<void> {
  const { build: bundle } = await import("vite");
  const started = performance.now();
  // Beside the old one and then in its place: a server that is running, or two that start together, never see half a page.
  const next = join(root, `node_modules/.page-${process.pid}`);
  const old = `${next}-old`;
  try {
    await bundle({ root, configFile: join(root, "vite.config.ts"), logLevel: "warn", build: { outDir: next, emptyOutDir: true } });
    await Promise.all([...filesIn(next)].filter((file) => /\.(js|css|html|svg)$/.test(file)).map(compress));
    writeFileSync(join(next, "sources.txt"), fingerprint ?? "");
    if (existsSync(dist)) renameSync(dist, old);
    renameSync(next, dist);
  } finally {
    for (const left of [old, next]) rmSync(left, { recursive: true, force: true });
  }
  report(Math.round(performance.now() - started));
}

/** Lays the compressed forms beside a file: the server sends what the browser understands. */
async function compress(file: string): Promise<void> {
  const bytes = readFileSync(file);
  const [packed, zipped] = await Promise.all([brotli(bytes), gzip(bytes, { level: 9 })]);
  writeFileSync(`${file}.br`, packed);
  writeFileSync(`${file}.gz`, zipped);
}

function report(milliseconds: number): void {
  const manifest = JSON.parse(readFileSync(join(dist, ".vite/manifest.json"), "utf8")) as Record<string, Chunk>;
  const bytesOf = (file: string, form: "br" | "gz" = "br") => statSync(join(dist, `${file}.${form}`)).size;
  const kilobytes = (bytes: number) => `${(bytes / 1000).toFixed(1)} kB`;
  const sumOf = (files: Iterable<string>, form?: "br" | "gz") => [...files].reduce((sum, file) => sum + bytesOf(file, form), 0);

  const firstFiles = ["index.html", ...filesOf(manifest, "index.html", "src/features/messages/talk-page.tsx")];
  const firstLoad = sumOf(firstFiles);
  const all = readdirSync(join(dist, "assets")).filter((file) => !/\.(br|gz)$/.test(file));
  for (const { file, bytes } of all
    .map((name) => ({ file: name, bytes: bytesOf(join("assets", name)) }))
    .toSorted((a, b) => b.bytes - a.bytes)
    .slice(0, 8)) {
    console.log(`  ${kilobytes(bytes).padStart(9)}  ${file}`);
  }
  console.log(
    `The page is built in ${milliseconds} ms. First load (everything that Talk needs): ${kilobytes(firstLoad)} of ${kilobytes(firstLoadBudget)} as brotli, ${kilobytes(sumOf(firstFiles, "gz"))} as gzip; all pages ${kilobytes(sumOf(all.map((file) => join("assets", file))))}.`,
  );
  if (firstLoad > firstLoadBudget) {
    console.error("The first load is over its budget: load more of it lazily.");
    process.exitCode = 1;
  }
}

interface Chunk {
  file: string;
  css?: string[];
  imports?: string[];
}

/** The files that these parts of the page need before they show. */
function filesOf(manifest: Record<string, Chunk>, ...names: string[]): Set<string> {
  const files = new Set<string>();
  const visit = (name: string) => {
    const chunk = manifest[name];
    if (chunk === undefined) throw new Error(`${name} is not in the build's manifest`);
    if (files.has(chunk.file)) return;
    for (const file of [chunk.file, ...(chunk.css ?? [])]) files.add(file);
    for (const imported of chunk.imports ?? []) visit(imported);
  };
  for (const name of names) visit(name);
  return files;
}
