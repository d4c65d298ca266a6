import { expect, expectTypeOf, test } from "vitest";
import { createMemaClient, type MemaClient } from "./client.ts";

type Sent = Awaited<ReturnType<MemaClient["messages"]["send"]["mutate"]>>;
type Found = Awaited<ReturnType<MemaClient["recall"]["search"]["query"]>>;

test("answers are typed as they travel: instants are strings, pages have a cursor", () => {
  expectTypeOf<Sent["message"]["sentAt"]>().toEqualTypeOf<string>();
  expectTypeOf<Awaited<ReturnType<MemaClient["facts"]["list"]["query"]>>["nextCursor"]>().toEqualTypeOf<string | null>();
  expectTypeOf<Found["results"][number]["score"]>().toEqualTypeOf<number>();
  expectTypeOf<Parameters<MemaClient["reminders"]["snooze"]["mutate"]>[0]>().toHaveProperty("id").toEqualTypeOf<string>();
  expect(createMemaClient({ url: "http://127.0.0.1:1", apiKey: "none" })).toBeDefined();
});

/** Never run: `tsc` fails when one of these compiles. */
export async function wrongInputs(mema: MemaClient): Promise<void> {
  // @ts-expect-error -- text is missing
  await mema.messages.send.mutate({});
  // @ts-expect-error -- text is a string
  await mema.messages.send.mutate({ text: 7 });
  // @ts-expect-error -- no such field
  await mema.messages.send.mutate({ text: "x", surprise: 1 });
  // @ts-expect-error -- an instant travels as a string
  await mema.messages.send.mutate({ text: "x", sentAt: new Temporal.PlainDate(2026, 1, 1) });
  // @ts-expect-error -- no such role
  await mema.messages.send.mutate({ text: "x", role: "robot" });
  // @ts-expect-error -- a correction names the version that it was made against
  await mema.facts.update.mutate({ id: "x", content: "x" });
  // @ts-expect-error -- no such type of fact
  await mema.facts.list.query({ factType: "opinion" });
  // @ts-expect-error -- reading is a query
  await mema.facts.list.mutate({});
  // @ts-expect-error -- writing is a mutation
  await mema.messages.send.query({ text: "x" });
  // @ts-expect-error -- no such procedure
  await mema.messages.steal.query({});
  // @ts-expect-error -- the words have to be written out
  await mema.users.delete.mutate({ confirm: "yes" });
  // @ts-expect-error -- a length of time is an ISO 8601 string
  await mema.reminders.create.mutate({ title: "x", in: 10 });
  // @ts-expect-error -- a client needs a key
  createMemaClient({ url: "http://127.0.0.1:8787" });
}
