import { readFileSync } from "node:fs";
import { isBuiltin } from "node:module";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { build } from "vite";

const folder = import.meta.dirname;
/** What only a server has. The client's types come from the router; nothing of it may come along at run time. */
const serverOnly = [
  /\/packages\/db\//,
  /\/packages\/api\/src\/(?!(client|live-link)\.ts$)/,
  /\/node_modules\/(postgres|drizzle-orm|drizzle-zod|zod|hono|pino|@electric-sql\/[^/]+)\//,
  /\/node_modules\/@trpc\/server\/dist\/(adapters|initTRPC|node-http)/,
];
/** One file of @trpc/server holds both what client and server share and the server's own part, which has these words. */
const serverWords = ["Batch call exceeds maximum size", "Unsupported content-type"];

/** Bundles `@mema/api/client` for browsers and fails when server code got in. Prints the size. */
const outcome = await build({
  root: folder,
  configFile: false,
  logLevel: "warn",
  build: {
    outDir: join(folder, "dist/client"),
    emptyOutDir: true,
    minify: true,
    target: "es2023",
    lib: { entry: join(folder, "src/client.ts"), formats: ["es"], fileName: "client" },
    // Nothing is left to be found at run time: the bundle is the whole client.
    rolldownOptions: { external: [] },
  },
});

const chunks = [outcome]
  .flat()
  .flatMap((built) => ("output" in built ? built.output : []))
  .filter((file) => file.type === "chunk");
const modules = chunks.flatMap(({ modules, imports, dynamicImports }) => [...Object.keys(modules), ...imports, ...dynamicImports]);
const wrong = modules.filter(
  (id) => isBuiltin(id) || id.includes("__vite-browser-external") || serverOnly.some((pattern) => pattern.test(id.replaceAll("\\", "/"))),
);
const code = Buffer.concat(chunks.map(({ fileName }) => readFileSync(join(folder, "dist/client", fileName))));
wrong.push(...serverWords.filter((words) => code.includes(words)).map((words) => `"${words}" of @trpc/server`));
if (modules.length === 0 || wrong.length > 0) {
  console.error(`server code in the client's bundle:\n${wrong.map((id) => `  ${id}`).join("\n")}`);
  process.exit(1);
}
const kilobytes = (bytes: number) => `${(bytes / 1000).toFixed(1)} kB`;
console.log(`client: ${kilobytes(code.length)}, ${kilobytes(gzipSync(code).length)} gzip, ${modules.length} modules, no server code`);
