import type { Mail, Mailbox } from "@mema/shared/mail";
import type { DeliveryMessage } from "./delivery-message.ts";

type MailText = Pick<Mail, "subject" | "text" | "html">;

const longestSubject = 150;
const footer = "Mema sends this because this address was verified for reminders. To end it, switch the channel off.";

/** A reminder or a test message as a mail. The Message-ID is the delivery's: a mail that is sent again is the same mail. */
export function mailOf(message: DeliveryMessage, from: Mailbox, to: string): Mail {
  return {
    from,
    to,
    id: message.data.deliveryId,
    date: message.timestamp,
    ...(message.type === "channel.test" ? testText() : reminderText(message)),
  };
}

/** The mail that carries a code. Nothing in it was chosen by a user: it goes to an address that nobody has verified yet. */
export function codeMail(
  code: string,
  { id, from, to, now, minutes }: { id: string; from: Mailbox; to: string; now: Date; minutes: number },
): Mail {
  const spaced = `${code.slice(0, 4)} ${code.slice(4)}`;
  const lines = [
    `The code is ${spaced}. It holds for ${minutes} minutes.`,
    "Somebody asked Mema to send reminders to this address. Enter the code where the channel was made. If that was not you, do nothing: without the code nothing is sent.",
  ];
  return { from, to, id, date: now.toISOString(), ...mailText(`${spaced} is the code for this address`, lines) };
}

const testText = (): MailText => mailText("Test message from Mema", ["This is a test: reminders reach this address."], footer);

function reminderText({ data: { reminder, occurrence, lateBySeconds, missedBefore } }: DeliveryMessage): MailText {
  const { title = "Reminder", notes = null } = reminder ?? {};
  const lines = [
    title,
    ...(notes === null ? [] : [notes]),
    ...(occurrence === undefined ? [] : [occurrence.sentence]),
    ...(lateBySeconds > 0 ? ["This message is late."] : []),
    ...(missedBefore > 0 ? [`${missedBefore} earlier ${missedBefore === 1 ? "one was" : "ones were"} missed.`] : []),
  ];
  return mailText(title, lines, footer);
}

/** Paragraphs as plain text and as HTML in which everything is escaped. */
function mailText(subject: string, paragraphs: readonly string[], small?: string): MailText {
  const body = paragraphs.map((paragraph) => `<p>${escapeHtml(paragraph).replaceAll(/\r\n|\r|\n/g, "<br>")}</p>`).join("\n");
  const last = small === undefined ? "" : `\n<p style="color:#666;font-size:small">${escapeHtml(small)}</p>`;
  return {
    subject: subjectOf(subject),
    text: [...paragraphs, ...(small === undefined ? [] : [`-- \n${small}`])].join("\n\n"),
    html: `<!doctype html>\n<html lang="en"><body>\n${body}${last}\n</body></html>\n`,
  };
}

/** One line without control characters: a title may hold any. */
function subjectOf(text: string): string {
  const line = text.replaceAll(/[\p{Cc}\p{Zl}\p{Zp}\s]+/gu, " ").trim();
  const characters = [...new Intl.Segmenter().segment(line)].map(({ segment }) => segment);
  return characters.length <= longestSubject ? line : `${characters.slice(0, longestSubject - 1).join("")}…`;
}

const entities: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };
const escapeHtml = (text: string): string => text.replaceAll(/[&<>"']/g, (character) => entities[character] ?? "");
