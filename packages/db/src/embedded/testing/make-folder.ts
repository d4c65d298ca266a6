import { makeEmbeddedDatabase } from "../new-folder.ts";

const [dataDir = ""] = process.argv.slice(2);
await makeEmbeddedDatabase(dataDir);
