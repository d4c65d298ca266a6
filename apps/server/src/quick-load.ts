import { enableCompileCache, flushCompileCache, registerHooks } from "node:module";
import { fileURLToPath } from "node:url";
import { setFlagsFromString } from "node:v8";

const compileCache = fileURLToPath(new URL("../../../node_modules/.cache/mema", import.meta.url));
const drizzle = /^drizzle-orm(\/|$)/;

/**
 * Makes what `start` imports and does load in half the time and memory. Compiled code is kept between starts, where the folder can be
 * written. Drizzle comes in its CommonJS form: 40 ms and 25 MB instead of 400 ms and 210 MB, because it is hundreds of modules that
 * import each other in circles. And the young generation stays small until the start is over, for it never shrinks again.
 */
export async function loadQuickly(start: () => Promise<void>): Promise<void> {
  setFlagsFromString("--semi-space-growth-factor=1");
  enableCompileCache(compileCache);
  registerHooks({
    resolve: (specifier, context, nextResolve) =>
      nextResolve(specifier, drizzle.test(specifier) ? { ...context, conditions: ["node", "require"] } : context),
  });
  await start();
  setFlagsFromString("--semi-space-growth-factor=2");
  flushCompileCache();
}
