import postgres from "postgres";
import { openEmbeddedEngine } from "../engine.ts";

/** Ends the engine's thread with a statement, asks for a restart before the engine can know of it, and closes: then the process must end. */
const [dataDir = "", crash = ""] = process.argv.slice(2);
const engine = await openEmbeddedEngine({ dataDir });
const sql = postgres({ ...engine.connection, max: 1 });
await sql.unsafe(crash).catch(() => undefined);
await engine.restart();
await engine.ready();
await sql.end({ timeout: 0 });
await engine.close();
