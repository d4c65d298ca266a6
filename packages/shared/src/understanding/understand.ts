import { MAX_REMINDER_CHARS, readReminders, remindTrigger } from "./reminder.ts";
import { namesDay } from "./runs.ts";
import { quotations, sentences } from "./sentences.ts";
import { readStatement, type StatementKind, statementTriggers } from "./statements.ts";
import type { Remind, RemindUnclear, Span, Understanding, UnderstandingContext } from "./types.ts";

/** Only this much of a message is analysed; a sentence that the limit cuts is left out. */
export const MAX_ANALYSED_CHARS = 20_000;
/** At most this many requests of one message are read. */
export const MAX_UNDERSTANDINGS = 20;

const keyword = /remind|remember|forget|note|mind|know|tell|say|said/i;

interface Trigger {
  kind: StatementKind | "remind";
  span: Span;
}

/** Before a second request in the same sentence. */
const joint =
  /(?:[,;]\s*(?:(?:and|but|also|then|and then|and also)\s+)?|\s[–—-]\s+|\s(?:and|then|and then|and also)\s+)(?:(?:please|also|can you|could you)[\s,]+){0,2}$/i;
/** In words before a request that is joined on, these make it somebody else's words, or a refusal. */
const notTheUsers =
  /\b(?:said|says?|saying|told|tells?|asked|asks|wrote|writes|mentioned|texted|if|whether|would|always|often|usually|never|not|without|stop|they|he|she|used to)\b|n['’]t\b/i;

/**
 * What a message asks for in explicit English forms: remember, remind, forget, ask. Rules only: what no form matches yields
 * nothing, and a reminder whose time is missing, past or unclear yields a question. Offsets are UTF-16 and exact:
 * `text.slice(start, end) === quote`. Nothing inside quotations, code or quoted lines counts. Reads the first
 * MAX_ANALYSED_CHARS and MAX_UNDERSTANDINGS. Throws BAD_REQUEST on an unknown `timezone`, never because of the text.
 */
export function understand(text: string, context: UnderstandingContext): Understanding[] {
  const head = text.slice(0, MAX_ANALYSED_CHARS);
  const quoted = quotations(head);
  const all = sentences(head, quoted);
  const whole = text.length > MAX_ANALYSED_CHARS ? all.slice(0, -1) : all;
  const understood: Understanding[] = [];
  for (const sentence of whole) {
    if (!keyword.test(sentence.text)) continue;
    if (understood.length >= MAX_UNDERSTANDINGS) break;
    understood.push(...inSentence(head, sentence, quoted, context));
  }
  return understood.slice(0, MAX_UNDERSTANDINGS);
}

function inSentence(text: string, sentence: Span, quoted: readonly Span[], context: UnderstandingContext): Understanding[] {
  const triggers: Trigger[] = [
    ...statementTriggers(sentence.text),
    ...Array.from(sentence.text.matchAll(remindTrigger), (match): Trigger => ({
      kind: "remind",
      span: { start: match.index, end: match.index + match[0].length, text: match[0] },
    })),
  ]
    .toSorted((a, b) => a.span.start - b.span.start)
    .slice(0, MAX_UNDERSTANDINGS * 2);
  const found: Understanding[] = [];
  let unitStart = sentence.start;
  for (const [index, trigger] of triggers.entries()) {
    const at = sentence.start + trigger.span.start;
    if (quoted.some((span) => span.start <= at && at < span.end)) continue;
    const end = unitEnd(sentence, triggers, index, quoted);
    const joined = joint.exec(text.slice(Math.max(unitStart, at - 80), at));
    const direct = readUnit(text, spanOf(text, unitStart, end), trigger, sentence.start, context);
    if (direct.length > 0) found.push(...direct);
    else if (joined && !notTheUsers.test(text.slice(unitStart, at))) {
      const day = namesDay(text.slice(Math.max(unitStart, at - MAX_REMINDER_CHARS), at), context);
      const own = readUnit(text, spanOf(text, at, end), trigger, sentence.start, context);
      found.push(...own.flatMap((one) => joinedOn(one, day, context)));
    }
    const last = found.at(-1);
    if (last && last.end <= end && last.start >= unitStart) unitStart = afterJoint(text, end, sentence.start + sentence.text.length);
  }
  return found;
}

/** A request after other words counts only when it is clear; an hour alone is asked about when those words named a day. */
function joinedOn(one: Understanding, dayBefore: boolean, context: UnderstandingContext): Understanding[] {
  if (one.kind === "remind_unclear") return one.relative ? [one] : [];
  if (one.kind !== "remind" || !dayBefore || namesDay(one.quote, context)) return [one];
  const { title, schedule, assumedTime, alternatives, quote, start, end } = one;
  const question = "On which day should I remind you?";
  return [{ kind: "remind_unclear", title, question, alternatives: [{ ...schedule, assumedTime }, ...alternatives], quote, start, end }];
}

/** A unit ends where the next request is joined on, else with its sentence. */
function unitEnd(sentence: Span, triggers: readonly Trigger[], index: number, quoted: readonly Span[]): number {
  const own = triggers[index]?.span.end ?? 0;
  for (const next of triggers.slice(index + 1)) {
    const at = sentence.start + next.span.start;
    if (next.span.start < own || quoted.some((span) => span.start <= at && at < span.end)) continue;
    const from = Math.max(own, next.span.start - 80);
    const joined = joint.exec(sentence.text.slice(from, next.span.start));
    if (joined) return sentence.start + from + joined.index;
  }
  return sentence.start + sentence.text.length;
}

function afterJoint(text: string, from: number, to: number): number {
  const skipped = /^[\s,;–—-]*(?:(?:and|then|also|but)\s+){0,2}/i.exec(text.slice(from, Math.min(to, from + 80)));
  return from + (skipped?.[0].length ?? 0);
}

function spanOf(text: string, start: number, end: number): Span {
  const raw = text.slice(start, end);
  const kept = raw.replace(/[\s.!?…。！？;,]{0,40}$/u, "");
  const lead = /^\s*/.exec(kept)?.[0].length ?? 0;
  return { start: start + lead, end: start + kept.length, text: kept.slice(lead) };
}

function readUnit(text: string, unit: Span, trigger: Trigger, offset: number, context: UnderstandingContext): Understanding[] {
  const span = { start: offset + trigger.span.start, end: offset + trigger.span.end, text: trigger.span.text };
  if (span.start < unit.start || span.end > unit.end) return [];
  if (trigger.kind !== "remind") {
    const asked = text.slice(unit.end, unit.end + 3).includes("?");
    const statement = readStatement(text, unit, trigger.kind, span, context, asked);
    return statement ? [statement] : [];
  }
  const inUnit = { start: span.start - unit.start, end: span.end - unit.start, text: span.text };
  const parsed = readReminders(unit.text, inUnit, context) ?? [];
  return parsed.map(({ understood, question, alternatives, relative, part, title }): Remind | RemindUnclear => {
    const quote = { quote: part.text, start: unit.start + part.start, end: unit.start + part.end };
    const { title: _title, ...reading } = understood ?? { title };
    if ("kind" in reading && question === null) {
      const { assumedTime, ...schedule } = reading;
      return { kind: "remind", title, schedule, assumedTime, alternatives, ...quote };
    }
    const others = "kind" in reading ? [reading, ...alternatives] : alternatives;
    return {
      kind: "remind_unclear",
      ...(title === "" ? {} : { title }),
      question: question ?? "When should I remind you?",
      alternatives: others,
      ...(relative ? { relative } : {}),
      ...quote,
    };
  });
}
