import postgres from "postgres";
import { type EmbeddedEngine, openEmbeddedEngine } from "../embedded/engine.ts";

/** Runs statements as mema_owner, on a connection of their own. `connection` is the owner's URL or the folder of an embedded database that is closed. */
export async function runAsOwner(connection: { ownerUrl: string } | { dataDir: string }, statements: string): Promise<void> {
  const engine: EmbeddedEngine | null = "dataDir" in connection ? await openEmbeddedEngine({ dataDir: connection.dataDir }) : null;
  const settings = { max: 1, onnotice: () => {} };
  const owner = "ownerUrl" in connection ? postgres(connection.ownerUrl, settings) : postgres({ ...engine?.connection, ...settings });
  try {
    await owner.begin((tx) => tx.unsafe(`set local role mema_owner; ${statements}`));
  } finally {
    await owner.end({ timeout: 1 });
    await engine?.close();
  }
}
