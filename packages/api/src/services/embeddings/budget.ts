import { createTokenUsageRepository, databaseClock, readClock, type UserTransaction } from "@mema/db";
import { estimateTokens } from "../tokens.ts";

const kind = "embedding";

/** Whether the user's monthly quota, if there is one, leaves tokens for embeddings of this model. */
export async function mayEmbed(tx: UserTransaction, model: string): Promise<boolean> {
  const at = await readClock(tx, databaseClock);
  return (await createTokenUsageRepository(tx).check({ at, kind, model })).allowed;
}

/** Counts what texts cost: the endpoint's own count, or an estimate when it gave none. */
export async function meterEmbeddings(tx: UserTransaction, model: string, texts: readonly string[], tokens: number | null): Promise<void> {
  const at = await readClock(tx, databaseClock);
  const used = tokens ?? texts.reduce((sum, text) => sum + estimateTokens(text), 0);
  await createTokenUsageRepository(tx).meter({ at, kind, model }, used);
}
