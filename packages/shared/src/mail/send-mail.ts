import { isIP } from "node:net";
import { createTransport } from "nodemailer";
import type { Mailbox, SmtpServer } from "./mailbox.ts";

/** A mail to one person. */
export interface Mail {
  from: Mailbox;
  to: string;
  /** The part before the @ of its Message-ID; the domain is the sender's. A mail that is sent again keeps it. */
  id: string;
  /** ISO 8601. */
  date: string;
  subject: string;
  text: string;
  html: string;
}

export type MailError =
  | `smtp_${number}`
  | "address_invalid"
  | "dns_failed"
  | "connection_failed"
  | "tls_failed"
  | "login_failed"
  | "message_failed"
  | "timeout"
  | "aborted"
  | "connection_lost";

/**
 * How a mail ended. `ambiguous`: it was handed over whole and nothing came back, so it may arrive. `permanent`: the server refused this
 * mail for good. `unknownMailbox`: there is no such address, by the server's own words (RFC 3463, 5.1.x).
 */
export type MailResult = { error: null } | { error: MailError; ambiguous: boolean; permanent: boolean; unknownMailbox: boolean };

export const mailTimeoutMs = 60_000;
const connectTimeoutMs = 10_000;

/**
 * Hands one mail to an SMTP server and never throws. Certificates are checked. Without smtps TLS begins with STARTTLS: always before a
 * password is sent, otherwise where the server offers it. An ended `signal` closes the connection.
 */
export async function sendMail(
  server: SmtpServer,
  mail: Mail,
  options: { signal?: AbortSignal; timeoutMs?: number } = {},
): Promise<MailResult> {
  const { signal, timeoutMs = mailTimeoutMs } = options;
  const deadline = AbortSignal.timeout(timeoutMs);
  const { host, port, secure, login } = server;
  const transport = createTransport({
    host,
    port,
    secure,
    requireTLS: login !== null,
    ...(login === null ? {} : { auth: { user: login.user, pass: login.password } }),
    ...(isIP(host) === 0 ? { tls: { servername: host } } : {}),
    connectionTimeout: Math.min(connectTimeoutMs, timeoutMs),
    greetingTimeout: Math.min(connectTimeoutMs, timeoutMs),
    socketTimeout: timeoutMs,
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  let handedOver = false;
  transport.use("stream", (message, done) => {
    // The server has asked for the message (354) before anything of it is read, and its end is the end of the mail.
    message.message.processFunc((content) => content.on("end", () => (handedOver = true)));
    done();
  });
  try {
    await transport.sendMail({
      from: mail.from,
      to: { name: "", address: mail.to },
      messageId: `<${mail.id}@${domainOf(mail.from.address)}>`,
      date: new Date(mail.date),
      subject: mail.subject,
      text: mail.text,
      html: mail.html,
      headers: { "Auto-Submitted": "auto-generated" },
      signal: signal === undefined ? deadline : AbortSignal.any([deadline, signal]),
    });
    return { error: null };
  } catch (error) {
    return failureOf(error, { handedOver, timedOut: deadline.aborted, aborted: signal?.aborted === true });
  } finally {
    transport.close();
  }
}

const domainOf = (address: string): string => address.slice(address.lastIndexOf("@") + 1);

const tlsFailures = /^(ERR_TLS|ERR_SSL|EPROTO|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO|HOSTNAME_MISMATCH)/;

interface SmtpFailure {
  code?: string;
  /** What the system said, where `code` says only that the socket failed. */
  originalCode?: string;
  command?: string;
  responseCode?: number;
  response?: string;
  /** By RFC 5321; a bad sequence of commands (503) is about the session and not about the mail. */
  permanent?: boolean;
}

function failureOf(error: unknown, state: { handedOver: boolean; timedOut: boolean; aborted: boolean }): MailResult {
  const { code = "", originalCode = "", command = "", responseCode, response = "", ...refusal } = (error ?? {}) as SmtpFailure;
  const failed = (name: MailError, more: { ambiguous?: boolean; permanent?: boolean; unknownMailbox?: boolean } = {}): MailResult => ({
    error: name,
    ambiguous: false,
    permanent: false,
    unknownMailbox: false,
    ...more,
  });
  if (code === "EAUTH") return failed("login_failed");
  if (code === "ETLS" || tlsFailures.test(originalCode)) return failed("tls_failed");
  if (typeof responseCode === "number") {
    // What is refused before MAIL FROM is about the connection, not about this mail.
    const permanent = refusal.permanent === true && /^(MAIL FROM|RCPT TO|DATA)/.test(command);
    const unknownMailbox = permanent && command.startsWith("RCPT TO") && /^5\d\d[ -]5\.1\.\d/.test(response);
    return failed(`smtp_${responseCode}`, { permanent, unknownMailbox });
  }
  const name = state.timedOut || code === "ETIMEDOUT" ? "timeout" : state.aborted ? "aborted" : null;
  if (state.handedOver) return failed(name ?? "connection_lost", { ambiguous: true });
  if (name !== null) return failed(name);
  switch (code) {
    case "EDNS":
      return failed("dns_failed");
    case "EENVELOPE":
      return failed("address_invalid", { permanent: true });
    case "ECONNECTION":
    case "ESOCKET":
      return failed("connection_failed");
    default:
      return failed("message_failed");
  }
}
