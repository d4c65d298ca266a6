import { createServer } from "node:http";
import { createCaller, createContext } from "@mema/api";
import { createMemaClient } from "@mema/api/client";
import { createTestApi, serviceKey, type TestApi } from "@mema/api/testing";
import { context, propagation, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from "@opentelemetry/sdk-trace-base";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createChannels } from "./channels/index.ts";
import { inSpan, traceHeaders } from "./tracing.ts";
import { Worker } from "./worker.ts";
import { overHttp, type WorkerApi } from "./worker-api.ts";

/* A real SDK, whose exporter keeps the spans. */

const exporter = new InMemorySpanExporter();
let api: TestApi;
beforeAll(async () => {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }));
  propagation.setGlobalPropagator({
    inject: (from, carrier, setter) => {
      const span = trace.getSpanContext(from);
      if (span !== undefined) setter.set(carrier, "traceparent", `00-${span.traceId}-${span.spanId}-01`);
    },
    extract: (to) => to,
    fields: () => ["traceparent"],
  });
  api = await createTestApi();
});
afterAll(async () => {
  await api.close();
  trace.disable();
  context.disable();
  propagation.disable();
});

const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
const word = "kingfisher";

test("a reminder leaves spans of its request, its claim, begin, send and settlement, and none of them holds what it says", async () => {
  const { caller, userId, apiKey } = await api.createUser({ name: word, email: `${word}@example.org` });
  const { id: channelId } = await caller.channels.create({ type: "log", name: word });
  await caller.messages.send({ text: `Remember that ${word} sings` });
  await expect(caller.facts.create({ content: `${word}\u0000` })).rejects.toMatchObject({ code: "BAD_REQUEST" });
  const { deliveryId } = await caller.channels.test({ id: channelId });
  const worker = (more: { signal?: AbortSignal } = {}) =>
    createCaller(createContext(api.services, { credential: serviceKey, ...more })).worker;
  const settled = Promise.withResolvers<void>();
  const inProcess: WorkerApi = {
    expand: (input) => worker().expand(input ?? {}),
    claim: (input) => worker().claim(input),
    begin: (input) => worker().begin(input),
    heartbeat: (input) => worker().heartbeat(input),
    complete: async (input) => {
      const answer = await worker().complete(input);
      settled.resolve();
      return answer;
    },
    fail: (input) => worker().fail(input),
    release: (input) => worker().release(input),
    wait: (input, options) => worker(options).wait(input),
    leave: (input) => worker().leave(input),
    reap: (input) => worker().reap(input ?? {}),
  };
  const running = new Worker({ api: inProcess, channels: createChannels(silent), log: silent });
  const ended = running.run();
  await settled.promise;
  await running.stop();
  await ended;

  const spans = exporter.getFinishedSpans();
  const named = (name: string) => spans.filter((span) => span.name === name);
  for (const name of ["messages.send", "user transaction", "claim", "begin", "send", "settle", "worker.claim", "worker.complete"]) {
    expect([name, named(name).length > 0]).toEqual([name, true]);
  }
  expect(named("send")[0]?.attributes).toEqual({ "mema.channel": "log", "mema.delivery_id": deliveryId, "mema.outcome": "delivered" });
  const parentOf = (name: string) => spans.find((span) => span.spanContext().spanId === named(name)[0]?.parentSpanContext?.spanId)?.name;
  expect(parentOf("worker.begin")).toBe("begin");
  expect(parentOf("worker.complete")).toBe("settle");
  expect(spans.find((span) => span.parentSpanContext?.spanId === named("messages.send")[0]?.spanContext().spanId)?.name).toBe(
    "user transaction",
  );
  expect(named("facts.create")[0]?.status).toMatchObject({ code: 2, message: "BAD_REQUEST" });
  const shown = JSON.stringify(spans.map(({ name, attributes, events, status }) => ({ name, attributes, events, status })));
  for (const secret of [word, apiKey, serviceKey, userId]) expect(shown).not.toContain(secret);
}, 60_000);

test("the worker's calls carry the trace to the server", async () => {
  const seen: (string | undefined)[] = [];
  const server = createServer((request, response) => {
    seen.push(request.headers["traceparent"]?.toString());
    response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify({ result: { data: { reaped: 0 } } }));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const http = overHttp(createMemaClient({ url: `http://127.0.0.1:${port}`, apiKey: "mema_x", headers: traceHeaders }));
  const traceId = await inSpan("outer", {}, async (span) => {
    await http.reap({});
    return span.spanContext().traceId;
  });
  expect(seen).toEqual([expect.stringMatching(new RegExp(`^00-${traceId}-[0-9a-f]{16}-01$`))]);
  server.closeAllConnections();
  server.close();
});
