import { createRecallRepository, databaseClock, readClock, type RecallResult, type RecallSearch, type UserTransaction } from "@mema/db";

/** Searches the user's messages and facts in one ranking, best first. "Last week" counts from the database's clock. */
export async function searchMemory(tx: UserTransaction, search: Omit<RecallSearch, "now">): Promise<{ results: RecallResult[] }> {
  const now = await readClock(tx, databaseClock);
  return { results: await createRecallRepository(tx).search({ ...search, now }) };
}
