import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createSecureServer, type Server } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createMemaClient, type MemaClient } from "@mema/api/client";
import { createTestDatabase, faultOptions, testEnvironment, type TestDatabase } from "@mema/db/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { freePort, keys, type Running, startServer, startWorker } from "./testing/processes.ts";

/* A server, a worker and endpoints that misbehave, each a real one. Nothing here waits for a time to pass but what is promised. */

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

const answers = new Map<string, Answer>();
const hits: string[] = [];
/** Accepts the verification, and answers every other message as its path says. */
const answer: Answer = (request, response) => {
  let text = "";
  request.on("data", (chunk) => (text += String(chunk)));
  request.on("end", () => {
    if (text.includes("channel.verify")) return response.writeHead(204).end();
    hits.push(request.url ?? "");
    return answers.get(request.url ?? "")?.(request, response);
  });
};
const endpoints = createServer(answer);
let secureEndpoints: Server;
let secureOrigin: string;

const status =
  (code: number, headers: Record<string, string> = {}): Answer =>
  (_request, response) =>
    response.writeHead(code, headers).end();

let postgres: TestDatabase | null = null;
let folder: string;
let port: number;
let server: Running;
let client: MemaClient;
let origin: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "mema-webhook-faults-"));
  if (testEnvironment.engine === "postgres") postgres = await createTestDatabase();
  port = await freePort();
  const files = ["-keyout", join(folder, "key.pem"), "-out", join(folder, "cert.pem")];
  const name = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-days", "2"];
  const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  execFileSync("openssl", ["req", "-x509", ...curve, ...files, ...name], { stdio: "ignore" });
  server = await startServer(port, {
    MEMA_DATA_DIR: folder,
    // The server trusts the endpoint's certificate and verifies the channel; the worker does not.
    NODE_EXTRA_CA_CERTS: join(folder, "cert.pem"),
    ...(postgres?.ownerUrl == null ? {} : { DATABASE_URL: postgres.ownerUrl }),
  });
  client = createMemaClient({ url: `http://127.0.0.1:${port}`, apiKey: keys.MEMA_BOOTSTRAP_KEY });
  const endpointPort = await freePort();
  await new Promise<void>((resolve) => endpoints.listen(endpointPort, "127.0.0.1", resolve));
  origin = `http://127.0.0.1:${endpointPort}`;
  secureEndpoints = createSecureServer(
    { key: readFileSync(join(folder, "key.pem")), cert: readFileSync(join(folder, "cert.pem")) },
    answer,
  );
  const securePort = await freePort();
  await new Promise<void>((resolve) => secureEndpoints.listen(securePort, "127.0.0.1", resolve));
  secureOrigin = `https://localhost:${securePort}`;
}, 120_000);
afterAll(async () => {
  endpoints.closeAllConnections();
  endpoints.close();
  secureEndpoints.closeAllConnections();
  secureEndpoints.close();
  await server.kill();
  await postgres?.close();
  rmSync(folder, { recursive: true, force: true });
});

let count = 0;

/** One message to an endpoint that answers so, by a worker that is then drained: everything it found out is settled. */
async function deliver(reply: Answer, { at = origin, worker: environment = {} }: { at?: string; worker?: Record<string, string> } = {}) {
  const path = `/${(count += 1)}`;
  answers.set(path, reply);
  const channel = await client.channels.create.mutate({ type: "webhook", url: `${at}${path}` });
  const { deliveryId } = await client.channels.test.mutate({ id: channel.id });
  const worker = await startWorker(port, { MEMA_WORKER_LEASE_SECONDS: "30", ...environment });
  try {
    await worker.printed(deliveryId, '"msg":"delivery"');
    worker.signal("SIGTERM");
    expect(await worker.exited).toBe(0);
  } finally {
    await worker.kill();
  }
  const { items } = await client.reminders.deliveries.query({ channelId: channel.id });
  const attempts = (await client.reminders.attempts.query({ deliveryId })).items;
  const [attempt] = attempts;
  const [delivery] = items;
  const waitSeconds = (new Date(delivery?.nextAttemptAt ?? 0).getTime() - new Date(attempt?.finishedAt ?? 0).getTime()) / 1000;
  const after = await client.channels.byId.query({ id: channel.id });
  // With it goes what waits to be tried again: the next test's worker has nothing to do with it.
  await client.channels.delete.mutate({ id: channel.id });
  return { delivery, attempts, waitSeconds, channel: after };
}

test(
  "an endpoint that never answers is left after 15 s; what it did is not known, and it is asked again",
  { ...faultOptions, timeout: 90_000 },
  async () => {
    const { delivery, attempts } = await deliver(() => {});
    expect(attempts).toMatchObject([{ outcome: "unknown", error: "timeout" }]);
    expect(delivery).toMatchObject({ status: "pending", statusReason: "timeout", attempts: 1 });
  },
);

test("an endpoint that answers without end costs nothing: its status is enough", faultOptions, async () => {
  const { delivery } = await deliver((_request, response) => {
    response.writeHead(200);
    const pour = (): void => {
      while (!response.destroyed && response.write("x".repeat(65_536)));
      response.once("drain", pour);
    };
    pour();
  });
  expect(delivery).toMatchObject({ status: "delivered", attempts: 1 });
});

test("a redirect is not followed: a dead letter", faultOptions, async () => {
  const { delivery } = await deliver(status(307, { location: `${origin}/elsewhere` }));
  expect(delivery).toMatchObject({ status: "dead", statusReason: "http_307" });
  expect(hits).not.toContain("/elsewhere");
});

test("410 ends the delivery and disables the channel", faultOptions, async () => {
  const { delivery, channel } = await deliver(status(410));
  expect(delivery).toMatchObject({ status: "dead", statusReason: "http_410" });
  expect(channel).toMatchObject({ disabledReason: "http_410" });
  expect(channel.disabledAt).not.toBeNull();
});

test("429 with Retry-After is obeyed", faultOptions, async () => {
  const { delivery, waitSeconds } = await deliver(status(429, { "retry-after": "120" }));
  expect(delivery).toMatchObject({ status: "pending", statusReason: "http_429" });
  expect(waitSeconds).toBeGreaterThanOrEqual(120);
  expect(waitSeconds).toBeLessThan(130);
});

test.each([404, 500, 503])("%i is tried again, first after about 5 s", faultOptions, async (code) => {
  const { delivery, attempts, waitSeconds } = await deliver(status(code));
  expect(attempts).toMatchObject([{ outcome: "failed", httpStatus: code }]);
  expect(delivery).toMatchObject({ status: "pending", statusReason: `http_${code}` });
  expect(waitSeconds).toBeGreaterThan(2);
  expect(waitSeconds).toBeLessThan(15);
});

test("an endpoint that hangs up after the message was handed over may have acted: unknown, and asked again", faultOptions, async () => {
  const { delivery, attempts } = await deliver((request) => request.socket.destroy());
  expect(attempts).toMatchObject([{ outcome: "unknown", error: "connection_lost" }]);
  expect(delivery).toMatchObject({ status: "pending" });
});

test("an endpoint whose certificate is not trusted any more gets nothing: told apart, and tried again", faultOptions, async () => {
  const { delivery, attempts } = await deliver(status(200), { at: secureOrigin });
  expect(attempts).toMatchObject([{ outcome: "failed", error: "tls_failed" }]);
  expect(delivery).toMatchObject({ status: "pending", statusReason: "tls_failed", attempts: 1 });
});

test("an endpoint whose name does not resolve any more: told apart, and tried again", faultOptions, async () => {
  const noNames = `import dns from "node:dns"; import { syncBuiltinESMExports } from "node:module"; const lookup = dns.lookup;
    dns.lookup = (name, options, done) => name === "localhost" ? done(Object.assign(new Error("no such name"), { code: "ENOTFOUND" })) : lookup(name, options, done);
    syncBuiltinESMExports();`;
  const { delivery, attempts } = await deliver(status(200), {
    at: origin.replace("127.0.0.1", "localhost"),
    worker: { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(noNames)}` },
  });
  expect(attempts).toMatchObject([{ outcome: "failed", error: "dns_failed" }]);
  expect(delivery).toMatchObject({ status: "pending", statusReason: "dns_failed", attempts: 1 });
});

test.each([
  ["a name that does not resolve", () => "http://does-not-exist.invalid/hook", "dns_failed"],
  ["an endpoint without a valid certificate", () => origin.replace("http:", "https:"), "tls_failed"],
])("%s is refused at its verification, and says why", faultOptions, async (_what, url, reason) => {
  const { id, verification } = await client.channels.create.mutate({ type: "webhook", url: url() });
  expect(verification).toEqual({ verified: false, reason });
  expect(await client.channels.byId.query({ id })).toMatchObject({ verifiedAt: null });
});
