import { afterAll, beforeAll, expect, test } from "vitest";
import type { SmtpServer } from "./mailbox.ts";
import { type Mail, sendMail } from "./send-mail.ts";
import { MailServer } from "./testing/mail-server.ts";

let receiver: MailServer;
let server: SmtpServer;
beforeAll(async () => {
  receiver = await MailServer.start();
  server = { host: "127.0.0.1", port: receiver.port, secure: false, login: null };
});
afterAll(() => receiver.stop());

const mail = (to: string, more: Partial<Mail> = {}): Mail => ({
  from: { name: "Mema", address: "reminders@mema.example" },
  to,
  id: "01a1fdf7-4fec-7819-9605-2471784c9877",
  date: "2026-11-21T09:00:00.000Z",
  subject: "Buy a gift",
  text: "Buy a gift\n\nSat 21 Nov",
  html: "<p>Buy a gift</p>",
  ...more,
});
const headersOf = (raw: string) => raw.slice(0, raw.indexOf("\r\n\r\n")).replaceAll(/\r\n[ \t]+/g, " ");

test("a mail arrives with its id, its date, a text and an HTML part, and says that nobody wrote it", async () => {
  expect(await sendMail(server, mail("ada@example.org"))).toEqual({ error: null });
  await receiver.until((mails) => mails.length === 1);
  const raw = receiver.mails.at(-1)?.raw ?? "";
  const headers = headersOf(raw);
  expect(headers).toContain("Message-ID: <01a1fdf7-4fec-7819-9605-2471784c9877@mema.example>");
  expect(headers).toContain("Date: Sat, 21 Nov 2026 09:00:00 +0000");
  expect(headers).toContain("From: Mema <reminders@mema.example>");
  expect(headers).toContain("To: ada@example.org");
  expect(headers).toContain("Auto-Submitted: auto-generated");
  expect(raw).toMatch(/text\/plain[\s\S]*Sat 21 Nov[\s\S]*text\/html[\s\S]*<p>Buy a gift<\/p>/);
});

test("a line break in a subject or a sender's name makes no header and no recipient", async () => {
  const injected = "Hi\r\nBcc: eve@example.org\r\n\r\nBody";
  await sendMail(server, mail("ada@example.org", { subject: injected, from: { name: injected, address: "reminders@mema.example" } }));
  await receiver.until((mails) => mails.length === 2);
  const { raw = "", to } = receiver.mails.at(-1) ?? {};
  expect(to).toBe("ada@example.org");
  expect(headersOf(raw)).not.toMatch(/^Bcc:/im);
  expect(headersOf(raw)).toContain("Subject: Hi");
});

test("a mail that would be two recipients is none", async () => {
  const before = receiver.mails.length;
  for (const to of ["ada@example.org\r\nRCPT TO:<eve@example.org>", "ada@example.org>\r\n<eve@example.org", "nobody"])
    expect(await sendMail(server, mail(to))).toMatchObject({ permanent: true });
  expect(receiver.mails).toHaveLength(before);
});

test.each([
  ["refused-550", { error: "smtp_550", permanent: true, ambiguous: false, unknownMailbox: true }],
  ["refused-552", { error: "smtp_552", permanent: true, ambiguous: false, unknownMailbox: false }],
  ["refused-450", { error: "smtp_450", permanent: false, ambiguous: false, unknownMailbox: false }],
  ["data-554", { error: "smtp_554", permanent: true, ambiguous: false, unknownMailbox: false }],
  ["data-451", { error: "smtp_451", permanent: false, ambiguous: false, unknownMailbox: false }],
])("the reply to %s@ is told apart", async (name, result) => {
  expect(await sendMail(server, mail(`${name}@example.org`))).toEqual(result);
});

test("a connection that ends after the whole mail and before 250 is ambiguous", async () => {
  expect(await sendMail(server, mail("drop@example.org"))).toEqual({
    error: "connection_lost",
    ambiguous: true,
    permanent: false,
    unknownMailbox: false,
  });
});

test("an answer that does not come is ambiguous, whether time runs out or the caller gives up", async () => {
  expect(await sendMail(server, mail("hang@example.org"), { timeoutMs: 300 })).toMatchObject({ error: "timeout", ambiguous: true });
  const abort = new AbortController();
  const before = receiver.mails.length;
  const sending = sendMail(server, mail("hang@example.org"), { signal: abort.signal });
  await receiver.until((mails) => mails.length > before);
  abort.abort();
  expect(await sending).toMatchObject({ error: "aborted", ambiguous: true });
});

test("what never reached a server is not ambiguous", async () => {
  const gone = await MailServer.start();
  await gone.stop();
  expect(await sendMail({ ...server, port: gone.port }, mail("ada@example.org"))).toMatchObject({
    error: "connection_failed",
    ambiguous: false,
  });
  expect(await sendMail({ ...server, host: "mail.invalid" }, mail("ada@example.org"))).toMatchObject({
    error: "dns_failed",
    ambiguous: false,
  });
  expect(await sendMail(server, mail("ada@example.org"), { signal: AbortSignal.abort() })).toMatchObject({
    error: "aborted",
    ambiguous: false,
  });
});

test("a password waits for TLS, and nothing goes to a server whose certificate is not trusted", async () => {
  const login = { user: "mema", password: "secret" };
  const plain = await MailServer.start({ login });
  const selfSigned = await MailServer.start({ login, startTls: true });
  try {
    for (const { port } of [plain, selfSigned])
      expect(await sendMail({ ...server, port, login }, mail("ada@example.org"))).toMatchObject({ error: "tls_failed", ambiguous: false });
    expect(await sendMail({ ...server, port: selfSigned.port }, mail("ada@example.org"))).toMatchObject({ error: "tls_failed" });
  } finally {
    await Promise.all([plain.stop(), selfSigned.stop()]);
  }
  for (const { logins, mails } of [plain, selfSigned]) expect([logins, mails]).toEqual([[], []]);
});
