import { testEnvironment } from "@mema/db/testing";
import * as fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createTestApi, type TestApi } from "./testing.ts";
import { printProgram, program, runProgram, type Step } from "./testing/random-programs.ts";
import { renamed } from "./testing/renamed.ts";

const full = testEnvironment.scale === "full";
const postgres = testEnvironment.engine === "postgres";
const users = postgres ? 3 : 2;
const numRuns = full ? 300 : postgres ? 10 : 5;
const steps = full ? 60 : 25;
const timeout = full ? 7_200_000 : 180_000;

let together: TestApi;
let alone: TestApi[];
beforeAll(async () => {
  together = await createTestApi();
  alone = [];
  for (let user = 0; user < users; user++) alone.push(await createTestApi());
});
afterAll(async () => {
  for (const api of [together, ...alone]) await api.close();
});

/** Runs `body` with new users, who are gone afterwards: every program starts on databases without anybody. */
async function withUsers<T>(api: TestApi, numbers: number[], body: (credentials: Map<number, string>) => Promise<T>): Promise<T> {
  const created = await Promise.all(numbers.map(async (user) => ({ user, ...(await api.createUser({ timezone: "UTC" })) })));
  try {
    return await body(new Map(created.map(({ user, apiKey }) => [user, apiKey])));
  } finally {
    for (const { caller } of created) await caller.users.delete({ confirm: "delete everything" });
  }
}

function expectSame(found: unknown, wanted: unknown, ran: readonly Step[]): void {
  try {
    expect(found).toEqual(wanted);
  } catch (error) {
    throw new Error(`The users are not independent. The program:\n${printProgram(ran)}`, { cause: error });
  }
}

test("I30: users of one database get the answers that each would get on a database of one's own", { timeout }, async () => {
  const numbers = Array.from({ length: users }, (_, user) => user);
  const proven = fc.assert(
    fc.asyncProperty(program(users, steps), async (ran) => {
      const mixed = await withUsers(together, numbers, (credentials) => runProgram(together, ran, credentials));
      for (const [user, api] of alone.entries()) {
        const single = await withUsers(api, [user], (credentials) => runProgram(api, ran, credentials));
        expectSame(renamed(mixed.get(user) ?? []), renamed(single.get(user) ?? []), ran);
      }
    }),
    { numRuns },
  );
  await expect(proven).resolves.toBeUndefined();
});

test("I29: another user's data changes no answer: no count, no ranking, no score", { timeout }, async () => {
  const proven = fc.assert(
    fc.asyncProperty(program(1, steps), program(1, steps), async (ours, theirs) => {
      const [api] = alone;
      if (api === undefined) throw new Error("no database");
      const before = await withUsers(api, [0], (credentials) => runProgram(api, ours, credentials));
      const after = await withUsers(api, [9], async (others) => {
        for (let again = 0; again < 3; again++) await runProgram(api, theirs, new Map([[0, others.get(9) ?? ""]]));
        return withUsers(api, [0], (credentials) => runProgram(api, ours, credentials));
      });
      expectSame(renamed(after.get(0) ?? []), renamed(before.get(0) ?? []), [...theirs.map((step) => ({ ...step, user: 9 })), ...ours]);
    }),
    { numRuns },
  );
  await expect(proven).resolves.toBeUndefined();
});

test(
  "negative control: a program whose answers depend on another user is found and shrunk to the calls that matter",
  { timeout },
  async () => {
    // Two credentials of one user are two users who are not apart.
    const result = await fc.check(
      fc.asyncProperty(program(2, 12), async (ran) => {
        const mixed = await withUsers(together, [0], (credentials) => {
          const shared = credentials.get(0) ?? "";
          return runProgram(
            together,
            ran,
            new Map([
              [0, shared],
              [1, shared],
            ]),
          );
        });
        const single = await withUsers(together, [0], (credentials) => runProgram(together, ran, credentials));
        expectSame(renamed(mixed.get(0) ?? []), renamed(single.get(0) ?? []), ran);
      }),
      { numRuns: 50 },
    );
    expect(result.failed).toBe(true);
    expect(result.counterexample?.[0].length).toBeLessThanOrEqual(6);
    expect(String(result.errorInstance)).toContain("user0.");
  },
);
