import { AppError, notFound } from "@mema/shared";
import { and, eq, sql } from "drizzle-orm";
import type { UserTransaction } from "./connection/access.ts";
import { compileQuery } from "./connection/queries.ts";
import type { UserRepository } from "./interfaces.ts";
import { createRecallIndex } from "./recall-index.repository.ts";
import type { User } from "./rows.ts";
import { facts, messages, recallStatistics, users } from "./schema/index.ts";
import { staleOrMissing } from "./sql-fragments.ts";
import { searchVector } from "./text-search.ts";

/** The transaction's user. */
export function createUserRepository(tx: UserTransaction): UserRepository {
  const self = eq(users.id, tx.userId);

  async function find(): Promise<User | null> {
    const [row] = await findUser(tx, {});
    return row ?? null;
  }

  async function searchInNewLanguage(): Promise<void> {
    await tx
      .update(messages)
      .set({ search: searchVector(tx.userId, sql`${messages.content}`) })
      .where(eq(messages.userId, tx.userId));
    await tx
      .update(facts)
      .set({ search: searchVector(tx.userId, sql`${facts.content}`) })
      .where(eq(facts.userId, tx.userId));
    await createRecallIndex(tx).rebuild();
  }

  return {
    find,

    async get() {
      const row = await find();
      if (row === null) throw notFound("User");
      return row;
    },

    async create(input) {
      const [row] = await tx
        .insert(users)
        .values({ ...input, id: tx.userId })
        .onConflictDoNothing()
        .returning();
      if (row === undefined) throw new AppError("CONFLICT", "This user exists already.");
      return row;
    },

    async update(version, changes) {
      const before = await find();
      const [row] = await tx
        .update(users)
        .set({
          ...changes,
          ...(changes.summary === undefined ? {} : { summaryUpdatedAt: sql`now()` }),
          version: sql`${users.version} + 1`,
        })
        .where(and(self, eq(users.version, version)))
        .returning();
      if (row === undefined || before === null) throw staleOrMissing("User", version, before);
      if (row.locale !== before.locale) await searchInNewLanguage();
      return row;
    },

    async touchLastSeen() {
      await tx
        .update(users)
        .set({ lastSeenAt: sql`now()`, updatedAt: sql`${users.updatedAt}` })
        .where(self);
    },

    async delete() {
      // Without these nothing is counted while the rest goes.
      await tx.delete(recallStatistics).where(eq(recallStatistics.userId, tx.userId));
      const gone = await tx.delete(users).where(self).returning({ id: users.id });
      if (gone.length === 0) throw notFound("User");
    },
  };
}

const findUser = compileQuery((queries) =>
  queries
    .select()
    .from(users)
    .where(eq(users.id, sql.placeholder("userId"))),
);
