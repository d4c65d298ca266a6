import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { call, dataOf } from "./testing/http-call.ts";
import { createServerHome, type ServerHome } from "./testing/server-process.ts";

let home: ServerHome;
beforeAll(async () => {
  home = await createServerHome();
});
afterAll(() => home.remove());

const canary = "kingfisher-canary-7391";
const keys = { MEMA_BOOTSTRAP_KEY: `${canary}-bootstrap`, MEMA_ADMIN_KEY: `${canary}-admin-key`, LOG_LEVEL: "debug" };
const key = keys.MEMA_BOOTSTRAP_KEY;

test("what people write, their addresses and their keys are never in logs, errors or metrics", async () => {
  const server = await home.start(keys);
  const { url } = server;
  const created = dataOf(await call(url, "users.create", { name: canary, email: `${canary}@example.org` }, { key: keys.MEMA_ADMIN_KEY }));
  const sent = dataOf(await call(url, "messages.send", { text: `Remember that ${canary} loves climbing`, author: canary }, { key }));
  const message = (sent["message"] as { id: string }).id;
  dataOf(await call(url, "facts.create", { content: `${canary} at home\n    at ${canary} (file:///x.ts:1:1)` }, { key }));
  const failing = [
    await call(url, "messages.send", { text: `${canary}\u0000` }, { key }),
    await call(url, "conversations.create", { title: canary, metadata: { a: `${canary}\u0000` } }, { key }),
    await call(url, "facts.create", { content: canary, sourceMessageId: message, sourceQuote: `not there ${canary}` }, { key }),
    await call(url, "users.update", { version: 1, timezone: canary }, { key }),
    await call(url, "users.me", undefined, { key: `${canary}-unknown-key`, method: "GET" }),
    await call(url, "messages.send", undefined, { key, body: `{"text":"${canary}` }),
    await call(url, `${canary}.list`, {}, { key: `${canary}-other` }),
    await call(url, `messages.list?input=${canary}`, undefined, { key, method: "GET" }),
  ];
  expect(failing.map(({ status }) => status)).toEqual([400, 400, 400, 400, 401, 400, 404, 400]);
  const metrics = await (await fetch(`${url}/metrics`)).text();
  expect(metrics).toMatch(/mema_requests_total\{procedure="messages\.send",status="200"\} 1/);
  await server.end("SIGTERM");
  const shown = `${server.output()}\n${metrics}`;
  expect(shown).toContain('"procedure":"messages.send"');
  expect(shown).not.toContain(canary);
  for (const id of [String(created["userId"]), String(created["apiKey"]), message]) expect(metrics).not.toContain(id);
  expect(shown).not.toContain(String(created["apiKey"]));
  // A caller is told its own unknown name of a procedure, and nothing else of what it sent.
  for (const { body } of failing.toSpliced(6, 1)) expect(JSON.stringify(body)).not.toContain(canary);
});

test("what is sent, where to and with which keys is in no output of server and worker, whatever the receiver answers", async () => {
  const sent: string[] = [];
  const receiver = createServer((request, response) => {
    sent.push(request.url ?? "");
    // The first is the verification.
    response.writeHead(sent.length === 1 ? 200 : 500, { "x-error": canary }).end(`${canary} is unknown here`);
  });
  await once(receiver.listen(0, "127.0.0.1"), "listening");
  const secrets = { MEMA_SERVICE_KEY: `${canary}-service-key-0123456789`, MEMA_SECRET_KEY: `${canary}-secret-key-01234567890` };
  const server = await home.start({ ...keys, ...secrets, MEMA_WORKER: "on", MEMA_ALLOW_PRIVATE_WEBHOOKS: "1" });
  const { url } = server;
  try {
    const address = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/${canary}`;
    const webhook = dataOf(await call(url, "channels.create", { type: "webhook", url: address, name: canary }, { key }));
    const log = dataOf(await call(url, "channels.create", { type: "log", name: canary }, { key }));
    const channelIds = [webhook["id"], log["id"]];
    dataOf(await call(url, "reminders.create", { title: `call ${canary}`, notes: canary, in: "PT1S", channelIds }, { key }));
    await server.printed(/"channel":"webhook".*"msg":"delivery"/);
    await server.printed(/"msg":"reminder"/);
    const metrics = await (await fetch(`${url}/metrics`)).text();
    await server.end("SIGTERM");
    expect(sent).toEqual([`/${canary}`, `/${canary}`]);
    for (const text of [server.output(), metrics]) {
      expect(text).not.toContain(canary);
      expect(text).not.toContain(String(webhook["secret"]));
    }
    expect(server.output()).toContain('"error":"http_500"');
  } finally {
    receiver.close();
  }
});

test("every line of the log is JSON where no terminal is", async () => {
  const server = await home.start(keys);
  await call(server.url, "health.check", undefined, { method: "GET" });
  await server.end("SIGTERM");
  const logged = server
    .output()
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(logged.map(({ msg }) => msg)).toEqual(expect.arrayContaining(["request", "stopped"]));
});

test.skipIf(process.platform !== "linux")("the log is made of readable lines on a terminal", async () => {
  const program = fileURLToPath(new URL("main.ts", import.meta.url));
  // `script` gives the server a terminal of its own.
  const child = spawn("script", ["-qec", `"${process.execPath}" "${program}"`, "/dev/null"], {
    env: { ...home.environment, ...keys, PATH: process.env["PATH"], PORT: "0" },
    stdio: ["pipe", "pipe", "inherit"],
    detached: true,
  });
  const output = text(child.stdout);
  const ready = Promise.withResolvers<void>();
  child.stdout.on("data", (part: Buffer) => {
    if (part.includes("Keys")) ready.resolve();
  });
  await Promise.race([ready.promise, once(child, "exit")]);
  // Ctrl-C, as a person would.
  child.stdin.write("\u0003");
  const shown = await output;
  // oxlint-disable-next-line no-control-regex -- colours are control sequences
  expect(shown.replaceAll(/\u001b\[\d+m/g, "")).toMatch(/\[?\d\d:\d\d:\d\d\]? INFO: stopped/);
});
