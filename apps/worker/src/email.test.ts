import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createMemaClient, type MemaClient } from "@mema/api/client";
import { createTestDatabase, faultOptions, testEnvironment, type TestDatabase } from "@mema/db/testing";
import { MailServer } from "@mema/shared/mail/testing";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { freePort, keys, type Running, startServer, startWorker } from "./testing/processes.ts";

/* Server, worker and mail server are processes of their own; mails travel over TLS, with a login. */

const login = { user: "mema", password: "kingfisher/pass:word@9317" };
const word = "kingfisher";
let folder: string;
let postgres: TestDatabase | null = null;
let mailServer: MailServer;
let server: Running;
let worker: Running;
let url: string;
const userIds: string[] = [];

const startMailServer = (port?: number) =>
  MailServer.start({
    implicitTls: true,
    login,
    certificate: join(folder, "cert.pem"),
    key: join(folder, "key.pem"),
    ...(port === undefined ? {} : { port }),
  });

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "mema-mail-"));
  const files = ["-keyout", join(folder, "key.pem"), "-out", join(folder, "cert.pem")];
  const name = ["-subj", "/CN=mail.mema.example", "-addext", "subjectAltName=IP:127.0.0.1", "-days", "2"];
  const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  execFileSync("openssl", ["req", "-x509", ...curve, ...files, ...name], { stdio: "ignore" });
  mailServer = await startMailServer();
  if (testEnvironment.engine === "postgres") postgres = await createTestDatabase();
  const port = await freePort();
  url = `http://127.0.0.1:${port}`;
  const trust = { NODE_EXTRA_CA_CERTS: join(folder, "cert.pem"), LOG_LEVEL: "debug" };
  server = await startServer(port, {
    ...(postgres?.ownerUrl == null ? {} : { DATABASE_URL: postgres.ownerUrl }),
    MEMA_DATA_DIR: folder,
    MEMA_SMTP_URL: `smtps://${login.user}:${encodeURIComponent(login.password)}@127.0.0.1:${mailServer.port}`,
    MEMA_MAIL_FROM: "Mema <reminders@mema.example>",
    ...trust,
  });
  worker = await startWorker(port, trust);
}, 120_000);
afterAll(async () => {
  await Promise.all([worker.kill(), server.kill(), mailServer.stop()]);
  await postgres?.close();
  rmSync(folder, { recursive: true, force: true });
});

const mailsTo = (address: string) => mailServer.mails.filter(({ to }) => to === address);
const idOf = ({ raw }: { raw: string }) => /^Message-ID: <([^@]+)@mema\.example>\r$/im.exec(raw)?.[1];

interface Person {
  client: MemaClient;
  channelId: string;
}

/** A new user with a channel to an address, verified by the code that arrived there. */
async function personAt(address: string): Promise<Person> {
  const admin = createMemaClient({ url, apiKey: keys.MEMA_ADMIN_KEY });
  const { userId, apiKey } = await admin.users.create.mutate({});
  userIds.push(userId);
  const client = createMemaClient({ url, apiKey });
  const { id, verification } = await client.channels.create.mutate({ type: "email", address });
  expect(verification).toEqual({ verified: false, reason: "code_sent" });
  await mailServer.until(() => mailsTo(address).length > 0);
  const code = /The code is (\d{4} \d{4})/.exec(mailsTo(address).at(-1)?.raw ?? "")?.[1] ?? "";
  expect(await client.channels.verify.mutate({ id, code })).toEqual({ verified: true });
  return { client, channelId: id };
}
const remind = ({ client, channelId }: Person) =>
  client.reminders.create.mutate({ title: `${word} nest`, notes: `${word} notes`, in: "PT1S", channelIds: [channelId] });

/** The delivery of a reminder once it is in this state. */
const delivery = ({ client }: Person, reminderId: string, condition: (status: string, attempts: number) => boolean) =>
  vi.waitFor(
    async () => {
      const [found] = (await client.reminders.deliveries.query({ reminderId })).items;
      if (found === undefined || !condition(found.status, found.attempts)) throw new Error(`it is ${found?.status ?? "not there"}`);
      return found;
    },
    { timeout: 45_000, interval: 100 },
  );
const isSettled = (status: string) => status !== "pending" && status !== "sending";
const attemptsOf = async ({ client }: Person, deliveryId: string) =>
  (await client.reminders.attempts.query({ deliveryId })).items.map(({ outcome, error }) => [outcome, error]);

test("a reminder arrives at a verified address over TLS, under its delivery's id", async () => {
  const ada = await personAt("ada@example.org");
  const { id } = await remind(ada);
  await mailServer.until((mails) => mails.some(({ to, raw }) => to === "ada@example.org" && raw.includes(`Subject: ${word} nest`)));
  const settled = await delivery(ada, id, isSettled);
  const mail = mailsTo("ada@example.org").at(-1);
  expect(settled).toMatchObject({ status: "sent", attempts: 1 });
  expect(mail).toMatchObject({ secure: true, user: login.user, raw: expect.stringContaining(`${word} notes`) });
  expect(idOf(mail ?? { raw: "" })).toBe(settled.id);
});

let drops = 0;
test("a server that drops the connection before its 250: unknown to the user, then sent again as the same mail", faultOptions, async () => {
  const address = `second-drop@${(drops += 1)}.example.org`;
  const ada = await personAt(address);
  const { id } = await remind(ada);
  const { id: deliveryId, status } = await delivery(ada, id, isSettled);
  expect(status).toBe("sent");
  expect(await attemptsOf(ada, deliveryId)).toEqual([
    ["unknown", "connection_lost"],
    ["sent", null],
  ]);
  const [, first, second] = mailsTo(address);
  expect([first, second].map((mail) => idOf(mail ?? { raw: "" }))).toEqual([deliveryId, deliveryId]);
});

test("a mailbox that is gone is a dead letter, and its channel is switched off with the reason", async () => {
  const ada = await personAt("second-refused-550@example.org");
  const { id } = await remind(ada);
  expect(await delivery(ada, id, isSettled)).toMatchObject({ status: "dead", statusReason: "smtp_550", attempts: 1 });
  expect(await ada.client.channels.byId.query({ id: ada.channelId })).toMatchObject({
    disabledReason: "smtp_550",
    health: { lastFailure: "smtp_550", failuresInRow: 1 },
  });
});

test.each(["second-data-451@example.org", "second-refused-450@example.org"])("%s: a refusal for now is tried again", async (address) => {
  const ada = await personAt(address);
  const { id } = await remind(ada);
  // A refused recipient stays refused until a mail got through: the first attempt is all there is to see.
  const { id: deliveryId } = await delivery(ada, id, (status, attempts) => status === "pending" && attempts === 1);
  expect(await attemptsOf(ada, deliveryId)).toEqual([["failed", `smtp_${/\d+/.exec(address)?.[0] ?? ""}`]]);
});

test("a mail server that is away is tried again, and the mail goes out when it is back", faultOptions, async () => {
  const address = `away@${(drops += 1)}.example.org`;
  const ada = await personAt(address);
  const { port } = mailServer;
  await mailServer.stop();
  const { id } = await remind(ada);
  const { id: deliveryId } = await delivery(ada, id, (status, attempts) => status === "pending" && attempts === 1);
  expect(await attemptsOf(ada, deliveryId)).toEqual([["failed", "connection_failed"]]);
  mailServer = await startMailServer(port);
  expect(await delivery(ada, id, isSettled)).toMatchObject({ id: deliveryId, status: "sent" });
  expect(mailsTo(address).map(idOf)).toEqual([deliveryId]);
});

test("the metrics count all of it, and neither they nor the logs hold a text, an address, a user or the mail server's password", async () => {
  const metrics = await (await fetch(`${url}/metrics`)).text();
  expect(metrics).toContain(`mema_attempts_total{channel="email",outcome="unknown"} ${testEnvironment.times}`);
  expect(metrics).toMatch(/mema_attempts_total\{channel="email",outcome="sent"\} ([3-9]|\d\d)/);
  expect(metrics).toMatch(/mema_start_delay_seconds_count\{channel="email"\} ([5-9]|\d\d)/);
  expect(metrics).toContain('mema_deliveries{channel="email",state="dead"} 1');
  expect(metrics).toContain('mema_channels{channel="email",state="disabled"} 1');
  expect(metrics).toContain("mema_workers_alive 1");
  expect(metrics).toMatch(/mema_due_lag_seconds \d/);
  const shown = `${metrics}\n${server.output}\n${worker.output}`;
  expect(worker.output).toContain('"channel":"email"');
  for (const secret of [word, "example.org", encodeURIComponent(login.password)]) expect(shown).not.toContain(secret);
  for (const userId of userIds) expect(metrics).not.toContain(userId);
});
