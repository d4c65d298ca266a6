import { Agent, request } from "node:http";
import { openEmbeddedEngine } from "@mema/db";
import { testEnvironment } from "@mema/db/testing";
import { afterEach, beforeEach, expect, test } from "vitest";
import { call, dataOf } from "./testing/http-call.ts";
import { createServerHome, type ServerHome, type ServerProcess } from "./testing/server-process.ts";

let home: ServerHome;
let server: ServerProcess;
beforeEach(async () => {
  home = await createServerHome();
  server = await home.start();
});
afterEach(() => home.remove());

const draining = /stopping: finishing what is in flight/;

/** A request whose head the server has and whose body `finish` sends: in flight until then. */
async function openRequest({ url, apiKey }: ServerProcess, text: string) {
  const body = JSON.stringify({ text });
  const agent = new Agent({ keepAlive: true });
  const answer = Promise.withResolvers<{ status: number | undefined; connection: string | undefined; body: string }>();
  const sent = request(
    `${url}/trpc/messages.send`,
    {
      method: "POST",
      agent,
      headers: {
        authorization: `Bearer ${apiKey}`,
        "content-type": "application/json",
        "content-length": Buffer.byteLength(body),
        // Its 100 Continue is the sign that the server has taken the request on.
        expect: "100-continue",
      },
    },
    (response) => {
      const parts: Buffer[] = [];
      response.on("data", (part: Buffer) => parts.push(part));
      response.on("end", () =>
        answer.resolve({ status: response.statusCode, connection: response.headers.connection, body: Buffer.concat(parts).toString() }),
      );
    },
  );
  sent.on("error", answer.reject);
  await new Promise<void>((resolve) => {
    sent.once("continue", resolve);
    sent.flushHeaders();
  });
  sent.write(body.slice(0, 5));
  return { answer: answer.promise, finish: () => sent.end(body.slice(5)), abandon: () => sent.destroy() };
}

test("SIGTERM lets the request in flight finish, ends live streams and kept connections, closes the database and exits 0", async () => {
  const key = server.apiKey ?? "";
  const live = await fetch(`${server.url}/trpc/events.live`, { headers: { authorization: `Bearer ${key}`, accept: "text/event-stream" } });
  const stream = live.text();
  const inFlight = await openRequest(server, "said during the shutdown");
  server.signal("SIGTERM");
  await server.printed(draining);
  // The stream ends while the request is still open.
  expect(await stream).toContain("stream.opened");
  inFlight.finish();
  expect(await inFlight.answer).toMatchObject({
    status: 200,
    connection: "close",
    body: expect.stringContaining("said during the shutdown"),
  });
  expect(await server.ended).toBe(0);
  expect(server.output()).toContain("stopped");
  if (testEnvironment.engine === "embedded") {
    const engine = await openEmbeddedEngine({ dataDir: home.dataDir });
    await engine.close();
  }
  const again = await home.start();
  const { items } = dataOf(await call(again.url, "messages.list", {}, { key })) as { items: { content: string }[] };
  expect(items.map(({ content }) => content)).toContain("said during the shutdown");
});

test("a second signal ends it at once with exit code 1, and says so", async () => {
  const inFlight = await openRequest(server, "never finished");
  server.signal("SIGINT");
  await server.printed(draining);
  inFlight.answer.catch(() => {});
  expect(await server.end("SIGINT")).toBe(1);
  expect(server.output()).toContain("a second signal came");
  await expect(inFlight.answer).rejects.toThrow();
});
