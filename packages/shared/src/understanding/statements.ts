import { eventDateOf, factTypeOf, namesIn, sensitivityOf } from "./facts.ts";
import { isOpening } from "./sentences.ts";
import type { Ask, Forget, Remember, Span, UnderstandingContext } from "./types.ts";

/** A longer statement is not taken as a fact; the message stays searchable. */
export const MAX_STATEMENT_CHARS = 1000;

const rememberTrigger =
  /\b(?:(?:remember|note|(?:don['’]t|do not|never) forget|(?:keep|bear) in mind)(?:\s+that\b[\s,:]*|(?:\s+this)?\s*:\s*))/giu;
const forgetTrigger =
  /\bforget\s+(?:(that)\s+|(?:everything|all|anything)(?:\s+that)?(?:\s+(?:you (?:know|have|remember)|i(?:'ve| have)? (?:said|told you)))?\s+(?:about|on)\s+|what(?:ever)?\s+i(?:'ve| have)?\s+(?:said|told you)\s+about\s+)/giu;
const askTrigger =
  /\b(?:what\s+(?:else\s+)?(?:do you (?:know|remember)|did i (?:tell you|say)|have i (?:told you|said))\s+about\s+|do you (?:still\s+)?remember\s+(?!that\b|to\b)|do you (?:still\s+)?remember\s+that\s+)/giu;

/** Each trigger with the words that make it a request. */
/** An address is kept as it was written: letters count in it. */
const startsWithAddress = /^\S*(?::\/\/|@)/;

const triggers = { remember: rememberTrigger, forget: forgetTrigger, ask: askTrigger };
export type StatementKind = keyof typeof triggers;

/** Every place in the sentence where one of the three kinds of statement may start. */
export function statementTriggers(sentence: string): { kind: StatementKind; span: Span }[] {
  return (["remember", "forget", "ask"] as const).flatMap((kind) =>
    Array.from(sentence.matchAll(triggers[kind]), (match) => ({
      kind,
      span: { start: match.index, end: match.index + match[0].length, text: match[0] },
    })),
  );
}

function tidy(words: string): string {
  return words
    .replaceAll(/[\s\0]+/g, " ")
    .trim()
    .replace(/[\s.!?…,;:]+$/u, "")
    .replace(/[\s,]+(?:please|thanks|thank you)$/i, "");
}

/** Reads text[unit.start, unit.end) as one statement whose trigger is at `trigger`; null when the words around it make it none. `asked`: a question mark ends it. */
export function readStatement(
  text: string,
  unit: Span,
  kind: StatementKind,
  trigger: Span,
  context: UnderstandingContext,
  asked: boolean,
): Remember | Forget | Ask | null {
  const before = text.slice(unit.start, trigger.start);
  const body = tidy(text.slice(trigger.end, unit.end));
  if (!isOpening(before) || body === "" || body.length > MAX_STATEMENT_CHARS) return null;
  const quoted = { quote: text.slice(unit.start, unit.end), start: unit.start, end: unit.end };
  if (kind === "ask") return { kind, about: body, ...quoted };
  if (kind === "forget")
    return /^(?:it|this|that)$/i.test(body) && /\bthat\s+$/i.test(trigger.text) ? null : { kind, what: body, ...quoted };
  const polite = /\b(?:can|could|would|will) you\b/i.test(before);
  const reminiscence =
    /\bthat[\s,]*$/i.test(trigger.text) && /^(?:time|day|night|one|guy|song|movie|film|trip|summer|feeling|moment)\b/i.test(body);
  if (reminiscence || (asked && !polite)) return null;
  const eventDate = eventDateOf(body, context);
  const factType = factTypeOf(body);
  return {
    kind,
    content: startsWithAddress.test(body) ? body : (body[0]?.toUpperCase() ?? "") + body.slice(1),
    factType,
    temporalSensitivity: sensitivityOf(body, factType, eventDate),
    ...(eventDate === undefined ? {} : { eventDate }),
    entities: namesIn(body, /:\s*$/.test(trigger.text)),
    ...quoted,
  };
}
