import { createConversationRepository, createMessageRepository, createUserRepository, type Db, newId, withUser } from "@mema/db";
import { createSpeech } from "./speech.ts";

const batch = 500;
const messagesOfSession = 20;
const begin = Date.UTC(2024, 0, 1);
const minute = 60_000;

/** A user who said `size` messages in sessions of 20. `words`: how long a message is, 8 to 23 words unless told. */
export async function loadUser(
  db: Db,
  { size, seed, words }: { size: number; seed: number; words?: [from: number, to: number] },
): Promise<{ userId: string; milliseconds: number }> {
  const userId = newId();
  const speech = createSpeech(seed);
  await withUser(db, userId, (tx) => createUserRepository(tx).create({}));
  let milliseconds = 0;
  for (let stored = 0; stored < size; stored += batch) {
    const count = Math.min(batch, size - stored);
    const conversations = await withUser(db, userId, async (tx) => {
      const repository = createConversationRepository(tx);
      return Promise.all(Array.from({ length: Math.ceil(count / messagesOfSession) }, () => repository.create({})));
    });
    const messages = Array.from({ length: count }, (_, index) => ({
      content: speech.sentence(words),
      conversationId: conversations[Math.floor(index / messagesOfSession)]?.id,
      sentAt: new Date(begin + (stored + index) * minute),
    }));
    const start = performance.now();
    await withUser(db, userId, (tx) => createMessageRepository(tx).storeMany(messages), { deadlineMs: 120_000 });
    milliseconds += performance.now() - start;
  }
  return { userId, milliseconds };
}

/** So many users with 1,000 short messages each, four at a time. */
export async function loadOthers(db: Db, count: number, tell: (line: string) => void): Promise<string[]> {
  const userIds: string[] = [];
  let left = count;
  await Promise.all(
    Array.from({ length: 4 }, async () => {
      while (left-- > 0) {
        const { userId } = await loadUser(db, { size: 1_000, seed: left, words: [3, 6] });
        userIds.push(userId);
        if (userIds.length % 50 === 0) tell(`${userIds.length} other users`);
      }
    }),
  );
  return userIds;
}
