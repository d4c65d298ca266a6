import { withUser } from "@mema/db";
import { MailServer } from "@mema/shared/mail/testing";
import { sql } from "drizzle-orm";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createTestApi, type TestApi } from "../testing.ts";
import { StepWorker } from "../testing-worker.ts";

let api: TestApi;
let receiver: MailServer;
beforeAll(async () => {
  receiver = await MailServer.start();
  api = await createTestApi({
    mail: {
      server: { host: "127.0.0.1", port: receiver.port, secure: false, login: null },
      from: { name: "Mema", address: "reminders@mema.example" },
    },
  });
});
afterAll(async () => {
  await receiver.stop();
  await api.close();
});

/** The code in the `nth` mail to an address, as soon as it is there. */
async function codeFor(address: string, nth = 1): Promise<string> {
  const mails = () => receiver.mails.filter(({ to }) => to === address);
  await receiver.until(() => mails().length >= nth);
  return /The code is (\d{4} \d{4})/.exec(mails()[nth - 1]?.raw ?? "")?.[1] ?? "none";
}
const inDatabase = <Row extends Record<string, unknown>>(userId: string, query: ReturnType<typeof sql>) =>
  withUser(api.services.db, userId, (tx) => tx.execute<Row>(query));

test("an address is used once the code that was mailed to it is entered", async () => {
  const { caller, userId } = await api.createUser();
  const channel = await caller.channels.create({ type: "email", address: "ada@example.org" });
  expect(channel).toMatchObject({
    type: "email",
    name: "ada@example.org",
    config: { address: "ada@example.org" },
    verifiedAt: null,
    verification: { verified: false, reason: "code_sent" },
    codeExpiresAt: expect.any(String),
  });
  await expect(caller.channels.test({ id: channel.id })).rejects.toMatchObject({ code: "PRECONDITION_FAILED" });
  await expect(caller.reminders.create({ title: "x", in: "PT1H", channelIds: [channel.id] })).rejects.toThrow("is not verified yet");
  const code = await codeFor("ada@example.org");
  const [row] = await inDatabase<Record<string, string>>(userId, sql`select channels::text as row from channels where type = 'email'`);
  expect(row?.["row"]).not.toContain(code.replace(" ", ""));
  expect(await caller.channels.verify({ id: channel.id, code })).toEqual({ verified: true });
  expect(await caller.channels.byId({ id: channel.id })).toMatchObject({ verifiedAt: expect.any(String), codeExpiresAt: null });
  const { deliveryId } = await caller.channels.test({ id: channel.id });
  expect(deliveryId).toBeDefined();
  const mails = receiver.mails.length;
  expect(await caller.channels.verify({ id: channel.id })).toEqual({ verified: true });
  expect(receiver.mails).toHaveLength(mails);
});

test("a code holds for five tries and 30 minutes, for its own address, and ends with the next one", async () => {
  const { caller, userId } = await api.createUser();
  const { id, version } = await caller.channels.create({ type: "email", address: "guess@example.org" });
  const first = await codeFor("guess@example.org");
  const wrong = first.startsWith("0") ? "1111 1111" : "0000-0000";
  for (const triesLeft of [4, 3, 2, 1, 0]) {
    expect(await caller.channels.verify({ id, code: wrong })).toEqual({ verified: false, reason: "wrong_code", triesLeft });
  }
  expect(await caller.channels.verify({ id, code: first })).toEqual({ verified: false, reason: "code_expired", triesLeft: 0 });

  expect(await caller.channels.verify({ id })).toEqual({ verified: false, reason: "code_sent" });
  expect(await caller.channels.verify({ id, code: first })).toMatchObject({ verified: false, reason: "wrong_code" });
  const second = await codeFor("guess@example.org", 2);
  await inDatabase(userId, sql`update channels set code_expires_at = now() - interval '1 second' where id = ${id}`);
  expect(await caller.channels.verify({ id, code: second })).toMatchObject({ reason: "code_expired" });

  await caller.channels.verify({ id });
  await caller.channels.update({ id, version, address: "other@example.org" });
  expect(await caller.channels.verify({ id, code: await codeFor("guess@example.org", 3) })).toMatchObject({
    verified: false,
    reason: "code_expired",
  });
});

test("of six wrong codes entered at once five are compared", async () => {
  const { caller } = await api.createUser();
  const { id } = await caller.channels.create({ type: "email", address: "race@example.org" });
  const tries = await Promise.all(Array.from({ length: 6 }, () => caller.channels.verify({ id, code: "00000000" })));
  expect(tries.filter(({ reason }) => reason === "wrong_code")).toHaveLength(5);
  expect(tries.filter(({ reason }) => reason === "code_expired")).toHaveLength(1);
});

test("no more than five codes an hour leave for one user, and other users' codes are not held up", async () => {
  const { caller } = await api.createUser();
  for (let channel = 0; channel < 5; channel += 1) await caller.channels.create({ type: "email", address: `flood-${channel}@example.org` });
  await codeFor("flood-4@example.org");
  const mails = receiver.mails.length;
  await expect(caller.channels.create({ type: "email", address: "flood-5@example.org" })).rejects.toMatchObject({
    code: "TOO_MANY_REQUESTS",
  });
  expect((await caller.channels.list({ type: "email" })).items).toHaveLength(5);
  expect(receiver.mails).toHaveLength(mails);
  const other = await api.createUser();
  expect(await other.caller.channels.create({ type: "email", address: "ben@example.org" })).toMatchObject({
    verification: { reason: "code_sent" },
  });
});

test("an address that the server refuses stays unverified, with the reason", async () => {
  const { caller } = await api.createUser();
  expect(await caller.channels.create({ type: "email", address: "refused-550@example.org" })).toMatchObject({
    verifiedAt: null,
    verification: { verified: false, reason: "smtp_550" },
  });
});

test("what is no address is refused at its field", async () => {
  const { caller } = await api.createUser();
  for (const address of ["ada", "ada@example.org\r\nBcc: eve@example.org", "a@b.example, c@d.example", `${"a".repeat(250)}@example.org`]) {
    await expect(caller.channels.create({ type: "email", address })).rejects.toThrow(/^address: /);
  }
  const webhook = await caller.channels.create({ type: "log" });
  await expect(caller.channels.verify({ id: webhook.id, code: "1" })).rejects.toThrow("code: a channel of type log takes none");
});

test("without a mail server the error names the variables to set, and channels that are there wait instead of stopping others", async () => {
  const { caller, userId } = await api.createUser();
  const { id } = await caller.channels.create({ type: "email", address: "later@example.org" });
  await caller.channels.verify({ id, code: await codeFor("later@example.org") });
  const { mail } = api.services;
  api.services.mail = null;
  try {
    await expect(caller.channels.create({ type: "email", address: "x@example.org" })).rejects.toMatchObject({
      code: "PRECONDITION_FAILED",
      message: expect.stringMatching(/MEMA_SMTP_URL.*MEMA_MAIL_FROM/),
    });
    const waiting = await caller.channels.test({ id });
    const log = await caller.channels.create({ type: "log" });
    const other = await caller.channels.test({ id: log.id });
    const { deliveries } = await api.service.worker.claim({ workerId: userId });
    const leases = deliveries.map(({ deliveryId, leaseToken, userId: owner }) => ({ deliveryId, leaseToken, userId: owner }));
    const { decisions } = await api.service.worker.begin({ leases });
    expect(decisions.find(({ deliveryId }) => deliveryId === waiting.deliveryId)).toMatchObject({
      decision: "defer",
      reason: "channel_not_ready",
    });
    expect(decisions.find(({ deliveryId }) => deliveryId === other.deliveryId)).toMatchObject({ decision: "go" });
  } finally {
    api.services.mail = mail;
  }
});

test("begin hands out a whole mail whose id is the delivery's, with everything escaped in its HTML", async () => {
  const { caller } = await api.createUser();
  const { id } = await caller.channels.create({ type: "email", address: "html@example.org" });
  await caller.channels.verify({ id, code: await codeFor("html@example.org") });
  const title = '<img src=x onerror="alert(1)">\r\nBcc: eve@example.org & more';
  const { next } = await caller.reminders.create({ title, notes: "line one\nline <two>", in: "PT1S", channelIds: [id] });
  const at = new Date(next?.at ?? "");
  const worker = new StepWorker(api.services);
  await worker.expand(at);
  const decisions = await worker.begin(await worker.claim(at), at);
  const job = decisions.flatMap((decision) => (decision.decision === "go" && decision.job.type === "email" ? decision.job : [])).at(-1);
  expect(job?.mail).toMatchObject({ to: "html@example.org", from: { address: "reminders@mema.example" } });
  expect(decisions.map(({ deliveryId }) => deliveryId)).toContain(job?.mail.id);
  expect(job?.mail.subject).toBe('<img src=x onerror="alert(1)"> Bcc: eve@example.org & more');
  expect(job?.mail.text).toContain("line one\nline <two>");
  expect(job?.mail.html).toContain("line one<br>line &lt;two&gt;");
  expect(job?.mail.html).not.toContain("<img");
});
