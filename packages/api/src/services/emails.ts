import { createHmac, randomInt, timingSafeEqual } from "node:crypto";
import {
  type Channel,
  createChannelRepository,
  createRateLimitRepository,
  databaseClock,
  newId,
  readClock,
  type UserTransaction,
} from "@mema/db";
import { AppError } from "@mema/shared";
import { type Mail, sendMail } from "@mema/shared/mail";
import { z } from "zod";
import type { AsUser, MailSettings } from "../context.ts";
import { type ChannelView, channelView, closedCircuit, type DeliveryJob, type JobContext, type Verification } from "./channel-view.ts";
import type { DeliveryMessage } from "./delivery-message.ts";
import { codeMail, mailOf } from "./mails.ts";

const codeDigits = 8;
const codeMinutes = 30;
const codeTries = 5;
/** Codes that one user may have mailed in an hour: nobody's mailbox is flooded through Mema. */
const codesPerHour = 5;

const emailConfig = z.object({ address: z.string() });

/** The operator's mail settings. Throws PRECONDITION_FAILED, with the variables to set, where there are none. */
function requireMail(mail: MailSettings | null): MailSettings {
  if (mail !== null) return mail;
  throw new AppError(
    "PRECONDITION_FAILED",
    "This server cannot send e-mail: its operator has to set MEMA_SMTP_URL (smtps://USER:PASSWORD@HOST) and MEMA_MAIL_FROM.",
  );
}

/** A mail for one delivery, with what it takes to hand it over. */
export function emailJob(channel: Channel, message: DeliveryMessage, { mail }: JobContext): DeliveryJob {
  const { server, from } = requireMail(mail);
  return { type: "email", server, mail: mailOf(message, from, emailConfig.parse(channel.config).address) };
}

/** Makes a channel to an address and mails it a code. */
export async function createEmail(
  asUser: AsUser,
  { address, name }: { address: string; name?: string | undefined },
  { mail: settings, secretKey }: JobContext,
  signal: AbortSignal,
): Promise<{ channel: ChannelView; verification: Verification }> {
  const mail = requireMail(settings);
  const { channel, code } = await asUser(async (tx, record) => {
    const repository = createChannelRepository(tx);
    const made = await repository.create({ type: "email", name: name ?? address, config: { address } });
    record("channel.created", { channelId: made.id });
    return { code: await newCode(tx, made, secretKey, mail), channel: channelView(await repository.getById(made.id)) };
  });
  return { channel, verification: await mailCode(code, mail, signal) };
}

/** Compares the code that an address got, or sends it a new one where none is given. */
export async function verifyEmail(
  asUser: AsUser,
  channel: Channel,
  code: string | undefined,
  { mail: settings, secretKey }: JobContext,
  signal: AbortSignal,
): Promise<Verification> {
  if (channel.verifiedAt !== null) return { verified: true };
  if (code === undefined) {
    const mail = requireMail(settings);
    return mailCode(await asUser((tx) => newCode(tx, channel, secretKey, mail)), mail, signal);
  }
  return asUser(async (tx, record) => {
    // Read again: the address may have been changed meanwhile, and the code with it.
    const result = await checkCode(tx, await createChannelRepository(tx).getById(channel.id), code, secretKey);
    if (result.verified) record("channel.verified", { channelId: channel.id });
    return result;
  });
}

/** Gives a channel a new code, and makes the mail that carries it. An earlier code ends. Throws TOO_MANY_REQUESTS. */
async function newCode(tx: UserTransaction, channel: Channel, secretKey: Uint8Array, mail: MailSettings): Promise<Mail> {
  const now = await readClock(tx, databaseClock);
  const { allowed, resetAt } = await createRateLimitRepository(tx).count("mail_codes", { limit: codesPerHour, windowSeconds: 3_600 });
  if (!allowed) {
    throw new AppError("TOO_MANY_REQUESTS", `No more than ${codesPerHour} codes are mailed in an hour: wait, then ask again.`, {
      retryAfterSeconds: Math.max(1, Math.ceil((resetAt.getTime() - now.getTime()) / 1000)),
    });
  }
  const code = String(randomInt(10 ** codeDigits)).padStart(codeDigits, "0");
  await createChannelRepository(tx).mark(channel.id, {
    codeMac: macOf(code, channel, secretKey).toString("hex"),
    codeExpiresAt: new Date(now.getTime() + codeMinutes * 60_000),
    codeTries: 0,
  });
  const { address: to } = emailConfig.parse(channel.config);
  return codeMail(code, { id: newId(), from: mail.from, to, now, minutes: codeMinutes });
}

/** Hands a code to the mail server. Call it outside of a transaction. */
async function mailCode(code: Mail, { server }: MailSettings, signal: AbortSignal): Promise<{ verified: false; reason: string }> {
  const { error } = await sendMail(server, code, { signal, timeoutMs: 20_000 });
  return { verified: false, reason: error ?? "code_sent" };
}

type CodeCheck = { verified: true } | { verified: false; reason: "wrong_code" | "code_expired"; triesLeft: number };

/** Looks whether this is the code that was mailed; each look counts, five at most. The right one verifies the address and ends. */
async function checkCode(tx: UserTransaction, channel: Channel, given: string, secretKey: Uint8Array): Promise<CodeCheck> {
  const repository = createChannelRepository(tx);
  const now = await readClock(tx, databaseClock);
  const tried = await repository.tryCode(channel.id, codeTries, now);
  if (tried === null) return { verified: false, reason: "code_expired", triesLeft: 0 };
  const expected = macOf(given.replaceAll(/[\s-]/g, ""), channel, secretKey);
  if (!timingSafeEqual(expected, Buffer.from(tried.codeMac, "hex")))
    return { verified: false, reason: "wrong_code", triesLeft: tried.triesLeft };
  await repository.mark(channel.id, { verifiedAt: now, ...noCode, ...closedCircuit });
  return { verified: true };
}

export const noCode = { codeMac: null, codeExpiresAt: null, codeTries: 0 };
/** Bound to the address: a code does not verify what the channel is changed to. */
const macOf = (code: string, { userId, id, config }: Channel, secretKey: Uint8Array): Buffer =>
  createHmac("sha256", secretKey)
    .update(JSON.stringify([userId, id, config["address"], code]))
    .digest();
