import { clockOf, type Clock, type ScheduleResult } from "./said-times.ts";
import { scheduleFrom } from "./schedule.ts";
import { isOpening, quotations, sentences } from "./sentences.ts";
import { clean, courtesy, dateLikePart, type Run, runsOf } from "./runs.ts";
import { timePhrases } from "./time-phrases.ts";
import { type Token, tokenize } from "./tokens.ts";
import type { ParsedReminder, RelativeTime, Span, UnderstandingContext } from "./types.ts";

/** A longer request is refused with a question. */
export const MAX_REMINDER_CHARS = 500;

export const remindTrigger =
  /\b(?:remind me(?: again)?|(?:set|create|add|make)(?: me)?(?: up)? a reminder(?: for me)?)(?![\p{L}\p{N}'’-])/giu;
const connector = /^[\s,]*(?:please[\s,]+)?(?:(?=not\s+to\s)|(to|about|that|of)\s+|([:–—-])\s*)/iu;
/** Before a time at the end of the request these say that the time is part of the matter ("a table for Friday"), or only near it ("before Friday"). */
const tying =
  /\b(?:for|before|by|after|around|about|between|since|from|until|of|the|my|our|his|her|their|your|its|a|an|this|that|last|or|and|to|not|than|with|in|is|are|was|were|be|it's|starts?|begins?|ends?|within|during|via|no|nor|some|late|early|maybe|perhaps|roughly|approximately|almost|every|each|but|except|unless|next|till|through|past|due)\s*,?\s*$/i;
/** "set the alarm for 7 tonight": whose hour is it? */
const looseHour = /\b(?:for|by|to|until|from)\s+\d{1,2}\s*$/i;

/** What one request holds. All offsets are in the text it was read from. */
interface Request {
  title: string;
  run: Run | null;
  result: ScheduleResult;
  leftOver: string;
  relative: RelativeTime | null;
}

/** A parsed request with its place in the sentence and the matter, also when the time is unclear. */
export type ReadReminder = ParsedReminder & { part: Span; title: string };

function refuse(title: string, run: Run | null, result: ScheduleResult, leftOver: string): Request {
  const alternatives = [...(result.schedule ? [result.schedule] : []), ...result.alternatives];
  const question = leftOver === "" ? "When should I remind you?" : `I did not understand "${leftOver}". When should I remind you?`;
  return { title, run, result: { schedule: null, alternatives, question: result.question ?? question }, leftOver, relative: null };
}

/** The words between the trigger and "to ..." are not understood; what follows is the matter. */
function unconnected(rest: string, run: Run | null, result: ScheduleResult, leftOver: string): Request {
  const to = /^(.{1,200}?)\s+(?:to|about)\s+(?!\d)/i.exec(rest);
  const words = to?.[1] ?? leftOver;
  return refuse(to ? clean(rest.slice(to[0].length)) : "", run, { ...result, question: null }, words.slice(0, 80).trim());
}

function relativeRequest(text: string, run: Run, connected: number, bodyEnd: number): Request | null {
  const phrase = run.phrases.find((candidate) => candidate.type === "relative");
  if (phrase?.type !== "relative") return null;
  const leading = connected === -1;
  const timed = run.phrases.every((one) => one === phrase || one.type === "part" || (one.type === "moment" && !one.day));
  const rest = text.slice(timed ? run.end : phrase.end, bodyEnd);
  const to = leading ? /\s+(?:to|about|that)\s+/i.exec(` ${rest}`) : null;
  const anchor = clean(to ? rest.slice(0, Math.max(0, to.index - 1)) : rest);
  const title = leading ? (to ? clean(rest.slice(to.index + to[0].length - 1)) : "") : clean(text.slice(connected, run.start));
  const words = text.slice(phrase.start, phrase.end);
  const question =
    anchor === ""
      ? `${words[0]?.toUpperCase() ?? ""}${words.slice(1)} what? Please give me a date.`
      : `When is "${anchor}"? I count "${words}" from that date.`;
  const offset = phrase.direction === -1 ? phrase.duration.negated() : phrase.duration;
  const relative = { offset: offset.toString(), anchor: anchor === "" ? null : anchor };
  return { title, run, result: { schedule: null, alternatives: [], question }, leftOver: "", relative };
}

/** Reads text[from, to): the words around `trigger` (null: no trigger, the text itself is the request). Null when it is no request. */
function readRequest(text: string, trigger: Span | null, runs: readonly Run[], clock: Clock): Request | null {
  const bodyStart = trigger?.end ?? 0;
  const bodyEnd = text.length - (courtesy.exec(text.slice(bodyStart))?.[0].length ?? 0);
  const first = runs[0];
  const last = runs.at(-1);
  const none: ScheduleResult = { schedule: null, alternatives: [], question: null };
  const leadGap = first ? text.slice(bodyStart, Math.max(bodyStart, first.start)) : "";
  const leads = first !== undefined && first.end > bodyStart && /^[\s,:]*(?:(?:please|at|on|for|from)[\s,]+)*$/i.test(leadGap);
  const before = first !== undefined && trigger !== null && first.end <= trigger.start ? first : null;
  const led = leads ? first : null;
  const afterLead = led ? led.end : bodyStart;
  const connection = connector.exec(text.slice(afterLead, bodyEnd));
  const connected = connection ? afterLead + connection[0].length : -1;

  const relativeRun = runs.find((run) => run.phrases.some((phrase) => phrase.type === "relative"));
  if (relativeRun && (relativeRun === led || (!led && connected !== -1)))
    return relativeRequest(text, relativeRun, relativeRun === led ? -1 : connected, bodyEnd);

  const run = before ?? led;
  if (run) {
    const result = scheduleFrom(run.phrases, clock);
    const others = runs.filter((other) => other !== run);
    if (connected === -1) {
      const rest = clean(text.slice(afterLead, Math.max(afterLead, bodyEnd)));
      if (rest === "" || trigger === null) return finish(rest, run, result, others, afterLead);
      return unconnected(rest, run, result, rest);
    }
    return finish(text.slice(connected, bodyEnd), run, result, others, connected);
  }
  if (connected === -1 && trigger !== null) {
    const rest = clean(text.slice(bodyStart, bodyEnd));
    return unconnected(rest, null, none, dateLikePart(text.slice(bodyStart, bodyEnd), runs, bodyStart) || rest);
  }
  const titleStart = Math.max(connected, bodyStart);
  if (!last || last.end < bodyEnd || last.start < titleStart) {
    const title = text.slice(titleStart, bodyEnd);
    const leftOver = dateLikePart(title, runs, titleStart);
    return refuse(clean(title), null, last ? scheduleFrom(last.phrases, clock) : none, leftOver);
  }
  const result = scheduleFrom(last.phrases, clock);
  const title = text.slice(titleStart, last.start).replace(/(?:[\s,]+|\b(?:on|at)\s+)$/i, " ");
  const timeless = last.phrases.every((phrase) => phrase.type === "part" || (phrase.type === "moment" && !phrase.time));
  const tied = (timeless ? looseHour.exec(title) : null) ?? tying.exec(title);
  if ((tied || connection?.[1]?.toLowerCase() === "that") && title.trim() !== "") {
    const leftOver = text.slice(titleStart + (tied?.index ?? 0), last.end).trim();
    return refuse(clean(title), last, { ...result, question: null }, leftOver);
  }
  return finish(title, last, result, runs.slice(0, -1), titleStart);
}

function finish(title: string, run: Run, result: ScheduleResult, others: readonly Run[], titleStart: number): Request {
  const leftOver = dateLikePart(title, others, titleStart);
  if (leftOver !== "") return refuse(clean(title), run, { ...result, question: null }, leftOver);
  return { title: clean(title), run, result, leftOver: "", relative: null };
}

/** Where a request goes on with a second time and matter: "..., and every weekday at 8:30 to take my pills". */
function splitPoints(text: string, runs: readonly Run[], trigger: Span | null): number[] {
  if (!trigger) return [];
  const stated = /^[\s,]*(?:please[\s,]+)?(?:to|about|that|of)\s/i.test(text.slice(trigger.end)) ? trigger.end : Infinity;
  const from = Math.min(stated, ...runs.map((run) => run.end));
  return runs
    .filter(
      (run) =>
        run.start >= from &&
        run.start > trigger.end &&
        /(?:,|\band)\s*$/i.test(text.slice(trigger.end, run.start)) &&
        /^,?\s*(?:to|about)\s/i.test(text.slice(run.end)),
    )
    .map((run) => run.start);
}

/** The requests of one sentence: usually one, more when it names several times each with its own matter. Null when the words around the trigger make it none. */
export function readReminders(text: string, trigger: Span | null, context: UnderstandingContext): ReadReminder[] | null {
  const clock = clockOf(context);
  const whole: Span = { start: 0, end: text.length, text };
  if (text.length > MAX_REMINDER_CHARS) {
    const question = `That is too long for one reminder. When, and of what, should I remind you, in under ${MAX_REMINDER_CHARS} characters?`;
    return [{ understood: null, span: null, leftOver: "", alternatives: [], question, relative: null, part: whole, title: "" }];
  }
  const tokens: Token[] = tokenize(text);
  const masked = trigger ? text.slice(0, trigger.start) + "#".repeat(trigger.end - trigger.start) + text.slice(trigger.end) : text;
  const phrases = timePhrases(masked, tokens, clock.local.toPlainDate(), context.locale);
  const runs = runsOf(text, phrases, trigger);
  if (trigger && !isRequest(text, trigger, runs)) return null;

  const starts = splitPoints(text, runs, trigger);
  const cuts = [0, ...starts, text.length];
  const parts: ReadReminder[] = [];
  for (const [index, start] of cuts.slice(0, -1).entries()) {
    const raw = text.slice(0, cuts[index + 1]);
    const end = index === starts.length ? raw.length : raw.replace(/(?:[\s,]|\band\b)+$/i, "").length;
    const own = runs.filter((run) => run.start >= start && run.end <= end);
    const from: Span | null = index === 0 ? trigger : { start, end: start, text: "" };
    const request = readRequest(text.slice(0, end), from, own, clock);
    if (request) parts.push({ ...report(text, request), title: request.title, part: { start, end, text: text.slice(start, end) } });
  }
  return parts;
}

function isRequest(text: string, trigger: Span, runs: readonly Run[]): boolean {
  let before = text.slice(0, trigger.start);
  const leading = runs.find((run) => run.start < trigger.start);
  if (leading)
    before =
      before.slice(0, leading.start).replace(/\b(?:on|at)\s*$/i, "") +
      before.slice(Math.min(leading.end, trigger.start)).replace(/^[\s,]+/, "");
  if (!isOpening(before)) return false;
  const after = text.slice(trigger.end).replace(/^[\s,]*(?:again\b)?[\s,]*/i, "");
  if (/^(?:what|who|whom|where|why|how|which|whether|whose)\b/i.test(after)) return false;
  return !/^(?:when|if|once|whenever)\b/i.test(after) || /\bto\b/i.test(after);
}

function report(text: string, request: Request): ParsedReminder {
  const { run, result, title } = request;
  const question = result.question ?? (title === "" && result.schedule ? "What should I remind you about?" : null);
  return {
    understood: result.schedule ? { ...result.schedule, title } : null,
    span: run ? { start: run.start, end: run.end, text: text.slice(run.start, run.end) } : null,
    leftOver: request.leftOver,
    alternatives: result.alternatives,
    question,
    relative: request.relative,
  };
}

/**
 * One reminder from English text, with or without "remind me": the first request in it is read. Times are wall clocks in
 * `timezone`; a day without a time is DEFAULT_HOUR, a part of the day its DAY_PART_HOURS, both marked `assumedTime`.
 * What is not fully understood, past, or a guess gives `understood: null` and a question. Throws BAD_REQUEST on `timezone`.
 */
export function parseReminder(text: string, context: UnderstandingContext): ParsedReminder {
  const nothing: ParsedReminder = {
    understood: null,
    span: null,
    leftOver: "",
    alternatives: [],
    question: "When should I remind you?",
    relative: null,
  };
  const head = text.slice(0, MAX_REMINDER_CHARS + 1);
  for (const sentence of sentences(head, quotations(head))) {
    for (const match of sentence.text.matchAll(remindTrigger)) {
      const trigger = { start: match.index, end: match.index + match[0].length, text: match[0] };
      const [first] = readReminders(sentence.text, trigger, context) ?? [];
      if (first) return moved(first, sentence.start);
      break;
    }
  }
  const trimmed = head.trim();
  if (trimmed === "") return nothing;
  const [bare] = readReminders(trimmed, null, context) ?? [];
  return bare ? moved(bare, head.indexOf(trimmed)) : nothing;
}

function moved({ part: _part, title: _title, ...parsed }: ReadReminder, by: number): ParsedReminder {
  const { span } = parsed;
  return { ...parsed, span: span && { start: span.start + by, end: span.end + by, text: span.text } };
}
