import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { extname } from "node:path";
import { fileURLToPath } from "node:url";
import type { Hono } from "hono";

const pageFolder = new URL("../../web/dist/", import.meta.url);
const pageBuilder = fileURLToPath(new URL("../../web/build.ts", import.meta.url));

const contentTypes: Record<string, string> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".woff2": "font/woff2",
};

/** Everything from this server, nothing inline: a text that somebody stored can never become a script of the page. */
const pagePolicy = [
  "default-src 'self'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "object-src 'none'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join("; ");

interface StaticFile {
  type: string;
  /** The bytes as they are, and packed as far as the build has laid them beside. */
  plain: Bytes;
  br: Bytes | null;
  gzip: Bytes | null;
}
type Bytes = Uint8Array<ArrayBuffer>;

async function readBytes(path: string): Promise<Bytes | null> {
  try {
    return new Uint8Array(await readFile(new URL(path, pageFolder)));
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return null;
    throw error;
  }
}

async function readStatic(path: string): Promise<StaticFile | null> {
  const [plain, br, gzip] = await Promise.all([readBytes(path), readBytes(`${path}.br`), readBytes(`${path}.gz`)]);
  return plain === null ? null : { type: contentTypes[extname(path)] ?? "application/octet-stream", plain, br, gzip };
}

function respond(file: StaticFile, acceptEncoding: string | undefined, headers: Record<string, string>): Response {
  const encoding = (["br", "gzip"] as const).find((each) => file[each] !== null && new RegExp(`\\b${each}\\b`).test(acceptEncoding ?? ""));
  const packed = encoding === undefined ? null : file[encoding];
  return new Response(packed ?? file.plain, {
    headers: {
      "content-type": file.type,
      vary: "accept-encoding",
      ...(encoding === undefined ? {} : { "content-encoding": encoding }),
      ...headers,
    },
  });
}

/**
 * Serves the built page: its files, which carry a hash in their name and never change, and the page itself for every address of its own
 * that a browser navigates to. Add it after all other routes. What is neither falls through to 404.
 */
export function servePage(app: Hono): void {
  const assets = new Map<string, StaticFile>();

  app.get("/assets/:name{[A-Za-z0-9_.-]+}", async (context) => {
    const name = `assets/${context.req.param("name")}`;
    const file = assets.get(name) ?? (await readStatic(name));
    if (file === null) return context.notFound();
    assets.set(name, file);
    return respond(file, context.req.header("accept-encoding"), { "cache-control": "public, max-age=31536000, immutable" });
  });

  app.get("/icon.svg", async (context) => {
    const file = await readStatic("icon.svg");
    return file === null
      ? context.notFound()
      : respond(file, context.req.header("accept-encoding"), { "cache-control": "public, max-age=86400" });
  });

  app.get("*", async (context) => {
    const { path } = context.req;
    const navigates = path === "/" || (context.req.header("accept") ?? "").includes("text/html");
    if (!navigates || /^\/(trpc|livez|readyz|metrics)(\/|$)/.test(path)) return context.notFound();
    const page = await readStatic("index.html");
    if (page === null) return context.text("The page is not built. Build it with: npm run build", 503);
    return respond(page, context.req.header("accept-encoding"), {
      "cache-control": "no-cache",
      "content-security-policy": pagePolicy,
      "cross-origin-opener-policy": "same-origin",
    });
  });
}

/** Builds the page when it is missing or older than its sources. Resolves to false when that failed: everything but the page works then. */
export async function buildPage(): Promise<boolean> {
  if (!existsSync(pageBuilder)) return true;
  const { PATH } = process.env;
  const builder = spawn(process.execPath, [pageBuilder, "--if-stale"], {
    env: { ...(PATH === undefined ? {} : { PATH }), NODE_ENV: "production" },
    stdio: ["ignore", "ignore", "inherit"],
  });
  return new Promise((resolve) => {
    builder.once("error", () => resolve(false));
    builder.once("exit", (code) => resolve(code === 0));
  });
}
