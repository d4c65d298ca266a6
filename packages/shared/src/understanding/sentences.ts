import type { Span } from "./types.ts";

/** Whatever stands before a request and leaves it a request: greeting, name, "can you", "please". */
const opening =
  /^(?:(?:hi|hey|hello|ok|okay|yes|yeah|sure|great|thanks|thank you|good (?:morning|afternoon|evening))(?! (?:you|they|we|i)\b)(?: \p{L}{1,20})?[\s,!:-]+)?(?:(?!i\b|you\b|they\b|we\b|he\b|she\b|it\b|never\b|not\b)\p{L}{1,20},\s+)?(?:(?:and|also|then|so|oh|now|well|but)[,\s]+){0,2}(?:(?:can|could|would|will) you\s+|(?:i want|i need|i'd like|i would like) you to\s+|you should\s+|make sure (?:to|you)\s+|be sure to\s+)?(?:(?:please|pls|kindly|just|also)[,:]?\s+){0,2}$/iu;

/** True when the words before a trigger leave it a request ("hi Mema, could you please"); false for "you never have to" or "he said:". */
export function isOpening(before: string): boolean {
  const flat = before
    .replaceAll(/[\s\u00A0]+/g, " ")
    .replace(/^(?:[ "'(*•–-]|\p{Extended_Pictographic}|\uFE0F)+/u, "")
    .replace(/^(?:\d{1,2}[.)] |@\p{L}{1,30}[,:]? ){1,2}/u, "")
    .replaceAll("’", "'");
  return flat.length <= 80 && opening.test(flat);
}

const abbreviations = new Set(
  "mr mrs ms dr prof st vs eg ie approx jr sr dept e.g i.e jan feb apr jun jul aug sep sept oct nov dec mon tue tues thu thur thurs fri".split(
    " ",
  ),
);
const closers: Record<string, string> = { "“": "”", "„": "“", "«": "»", "`": "`", '"': '"', "‘": "’", "'": "'" };

/** Start and end of what stands in quotation marks, in code or in a quoted line ("> ..."). A mark left open quotes the rest of its line. */
export function quotations(text: string): Span[] {
  const found: Span[] = [];
  let lineStart = 0;
  for (const line of text.split("\n")) {
    const lineEnd = lineStart + line.length;
    if (/^\s{0,3}>/.test(line)) found.push({ start: lineStart, end: lineEnd, text: line });
    else inLine(text, lineStart, lineEnd, found);
    lineStart = lineEnd + 1;
  }
  return found;
}

function inLine(text: string, from: number, to: number, found: Span[]): void {
  const unclosed = new Set<string>();
  for (let index = from; index < to; index += 1) {
    const mark = text[index] ?? "";
    const closer = closers[mark];
    if (closer === undefined || unclosed.has(mark)) continue;
    const opens = index === from || /[\s([{:,—–-]/.test(text[index - 1] ?? "");
    if (!opens || index + 1 >= to || /\s/.test(text[index + 1] ?? "")) continue;
    const apostrophe = mark === "'" || mark === "‘";
    const closed = closing(text, closer, index + 1, to, apostrophe);
    if (closed === -1) unclosed.add(mark);
    if (closed === -1 && apostrophe) continue;
    const end = closed === -1 ? to - 1 : closed;
    found.push({ start: index, end: end + 1, text: text.slice(index, end + 1) });
    index = end;
  }
}

/** Where the quotation closes, or -1; an apostrophe inside a word closes none. */
function closing(text: string, closer: string, from: number, to: number, apostrophe: boolean): number {
  let end = text.indexOf(closer, from);
  while (end !== -1 && end < to) {
    if (!apostrophe || !/[\p{L}\p{N}]/u.test(text[end + 1] ?? "")) return end;
    end = text.indexOf(closer, end + 1);
  }
  return -1;
}

/** Sentences with exact offsets, without the space around them. Full stops in "Dr. Who", "8.30", "9 a.m. tomorrow" and inside quotations end nothing. */
export function sentences(text: string, quoted: readonly Span[]): Span[] {
  const found: Span[] = [];
  let start = 0;
  let quote = 0;
  for (const match of text.matchAll(/[.!?…。！？]+(?=["'”’»)\]]*(?:\s|$))|[\n;]/gu)) {
    while ((quoted[quote]?.end ?? Infinity) <= match.index) quote += 1;
    const around = quoted[quote];
    const stop = match.index + match[0].length;
    const inside = around !== undefined && around.start < match.index;
    if (inside && !(around.end === stop + 1 && /^\s+[^\p{Ll}\s]/u.test(text.slice(around.end, around.end + 40)))) continue;
    const end = inside ? around.end : stop;
    if (match[0] === "." && !endsSentence(text, start, match.index)) continue;
    push(text, start, end, found);
    start = end;
  }
  push(text, start, text.length, found);
  return found;
}

function endsSentence(text: string, from: number, stop: number): boolean {
  const before = /[\p{L}\p{N}.]{1,12}$/u.exec(text.slice(Math.max(from, stop - 12), stop))?.[0] ?? "";
  const after = text.slice(stop + 1, stop + 40);
  const word = before.toLowerCase();
  if (/^\s*(?:please\s+)?(?:remind|remember|forget|note|don['’]t)\b/i.test(after)) return true;
  if (abbreviations.has(word) || (word === "no" && /^\s+\d/.test(after))) return false;
  if (/^\p{Lu}$/u.test(before) && before !== "I") return false;
  if (/^\d{1,3}$/.test(before) && text.slice(from, stop).trim() === before) return false;
  return !/^(?:\d{0,2}[ap]\.m|etc)$/.test(word) || /^\s+\p{Lu}/u.test(after) || after.trim() === "";
}

function push(text: string, from: number, to: number, found: Span[]): void {
  const raw = text.slice(from, to);
  const trimmed = raw.trim();
  if (trimmed === "") return;
  const start = from + raw.indexOf(trimmed);
  found.push({ start, end: start + trimmed.length, text: trimmed });
}
