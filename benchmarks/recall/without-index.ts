import { registerHooks } from "node:module";

/** Preloaded into a server (`--import`), it leaves the search's index out: what storing a message costs without. For measuring only. */
const index = new URL("../../packages/db/src/recall-index.repository.ts", import.meta.url).href;

registerHooks({
  load: (url, context, next) =>
    url === index
      ? {
          format: "module",
          shortCircuit: true,
          source: `export * from "${index}?whole";
            const nothing = async () => {};
            export const createRecallIndex = () => ({ add: nothing, addMany: nothing, remove: nothing, setOutdated: nothing, rebuild: nothing, setNames: nothing });`,
        }
      : next(url, context),
});
