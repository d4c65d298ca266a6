import { createMemaClient } from "@mema/api/client";
import { TRPCClientError } from "@trpc/client";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createServerHome, type ServerHome } from "./testing/server-process.ts";

let home: ServerHome;
beforeEach(async () => {
  home = await createServerHome();
});
afterEach(() => home.remove());

async function failure(call: Promise<unknown>): Promise<unknown> {
  const error = await call.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof TRPCClientError)) throw new Error("expected a TRPCClientError");
  return error.data;
}

test("the client batches when asked to, more than one request takes, and its failures are typed", async () => {
  const { url, apiKey, ...server } = await home.start();
  const mema = createMemaClient({ url, apiKey: apiKey ?? "", batch: true });
  const sent = await Promise.all(Array.from({ length: 30 }, (_, at) => mema.messages.send.mutate({ text: `message ${at}` })));
  expect(new Set(sent.map(({ message }) => message.id)).size).toBe(30);
  expect((await mema.users.me.query()).timezone).toBeNull();
  await server.end("SIGTERM");
  expect(server.output().match(/"procedure":"batch","status":200/g)).toHaveLength(2);

  const again = await home.start();
  const plain = createMemaClient({ url: again.url, apiKey: apiKey ?? "" });
  expect(await failure(plain.messages.send.mutate({ text: "" }))).toMatchObject({
    code: "BAD_REQUEST",
    httpStatus: 400,
    issues: expect.arrayContaining([{ path: ["text"], message: "must not be empty", limit: 1 }]),
  });
  expect(await failure(createMemaClient({ url: again.url, apiKey: "mema_none" }).users.me.query())).toMatchObject({
    code: "UNAUTHORIZED",
    httpStatus: 401,
  });
  // A query longer than a GET may be.
  expect((await plain.recall.search.query({ query: "word ".repeat(799) })).results).toEqual(expect.any(Array));
});

test.each(["SIGTERM", "SIGKILL"] as const)(
  "live events go on after a restart by %s, and none is missed or repeated",
  { timeout: 60_000 },
  async (signal) => {
    const first = await home.start();
    const apiKey = first.apiKey ?? "";
    const mema = createMemaClient({ url: first.url, apiKey });
    const opened = Promise.withResolvers<void>();
    const done = Promise.withResolvers<void>();
    const seen: { seq: number; type: string }[] = [];
    const subscription = mema.events.live.subscribe(undefined, {
      onData: ({ data }) => {
        seen.push({ seq: data.seq, type: data.type });
        if (data.type === "stream.opened") opened.resolve();
        if (data.seq === 3) done.resolve();
      },
      onError: done.reject,
      onComplete: () => done.reject(new Error("the stream was ended for good")),
    });
    await opened.promise;
    // Nothing has happened yet: only the place where the stream began is known.
    await first.end(signal);
    const second = await home.start({ PORT: new URL(first.url).port });
    const writer = createMemaClient({ url: second.url, apiKey });
    for (const text of ["one", "two", "three"]) await writer.messages.send.mutate({ text });
    await done.promise;
    subscription.unsubscribe();
    expect(seen).toEqual([{ seq: 0, type: "stream.opened" }, ...[1, 2, 3].map((seq) => ({ seq, type: "message.created" }))]);
  },
);
