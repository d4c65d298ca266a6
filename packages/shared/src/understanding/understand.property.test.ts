import { array, assert, constantFrom, date, oneof, property, record, string, tuple } from "fast-check";
import { afterEach, expect, test, vi } from "vitest";
import type { SaidSchedule, Understanding, UnderstandingContext } from "./types.ts";
import { MAX_ANALYSED_CHARS, MAX_UNDERSTANDINGS, understand } from "./understand.ts";

const zones = [
  "Europe/Paris",
  "America/New_York",
  "Asia/Tokyo",
  "Australia/Lord_Howe",
  "Africa/Cairo",
  "Pacific/Apia",
  "America/Sao_Paulo",
  "Asia/Kathmandu",
];
const contexts = record({
  now: date({ min: new Date("2000-01-01T00:00:00Z"), max: new Date("2100-01-01T00:00:00Z"), noInvalidDate: true }),
  timezone: constantFrom(...zones),
});

const words = [
  "remind me",
  "remember that",
  "forget that",
  "don't",
  "please",
  "to",
  "call",
  "Dima",
  "tomorrow",
  "at",
  "9",
  "8.30",
  "every",
  "other",
  "Tuesday",
  "on",
  "the",
  "last",
  "day",
  "of",
  "month",
  "in",
  "20",
  "minutes",
  "and",
  "until",
  "1",
  "December",
  "for",
  "times",
  "except",
  ",",
  ".",
  "?",
  "\n",
  '"',
  "'",
  "what do you know about",
  "morning",
  "tonight",
  "next",
  "week",
  "a",
  "half",
  "hour",
  "before",
  "31",
  "9999",
  "years",
  "weeks",
  "14 March 9999",
  "1/1/1200",
  "February",
  "2020-02-30",
  "1/2/2027",
  "noon",
  "midnight",
  "UTC",
  "👍🏽",
  "\0",
  "\ud800",
  "明日",
  "İ",
];
const phrases = array(constantFrom(...words), { maxLength: 40 }).map((parts) => parts.join(" "));
const texts = oneof(
  phrases,
  string({ unit: "binary", maxLength: 200 }),
  tuple(phrases, string({ unit: "grapheme" })).map((parts) => parts.join("")),
);

test("any text is understood without an error, every quote is verbatim, in order and apart, and every single time is in the future", () => {
  assert(
    property(texts, contexts, (text, context) => {
      const found = understand(text, context);
      expect(found.map((one) => text.slice(one.start, one.end))).toEqual(found.map((one) => one.quote));
      expect(found.filter((one, index) => one.quote === "" || one.start < (found[index - 1]?.end ?? 0))).toEqual([]);
      const reminders = found.filter((one) => one.kind === "remind");
      expect(reminders.filter((one) => one.title === "")).toEqual([]);
      const past = (one: SaidSchedule): boolean => one.kind === "once" && one.at.getTime() <= context.now.getTime();
      expect(reminders.flatMap((one) => [one.schedule, ...one.alternatives]).filter(past)).toEqual([]);
    }),
    { numRuns: 2000 },
  );
});

const known = constantFrom(
  "Remind me tomorrow at 9 to call mum.",
  "Every Monday at 18:00 remind me to lift.",
  "Remember that Dima's birthday is on 14 March.",
  "Forget everything about Lyon.",
  "What do you know about Dr. Smith?",
  "Remind me to buy milk.",
);
const unrelated = constantFrom(
  "I had soup.",
  "It's 8.30 p.m. here!",
  "Mr. Jones called (twice)?",
  'She said "hello. Remind me tomorrow at 9 to go."',
  "Версия 2.0 готова.",
  "👍🏽👍🏽.",
  "She left every Monday until December.",
  "- one\n- two\n",
);

function withoutPlace(one: Understanding): object {
  const { start: _start, end: _end, ...rest } = one;
  return rest;
}

test("an unrelated sentence before or after changes nothing of what is understood, except its place", () => {
  assert(
    property(unrelated, known, unrelated, constantFrom(" ", "\n", "  "), contexts, (before, sentence, after, space, context) => {
      const alone = understand(sentence, context);
      expect(alone).toHaveLength(1);
      const text = before + space + sentence + space + after;
      const found = understand(text, context);
      expect(found.map(withoutPlace)).toEqual(alone.map(withoutPlace));
      expect(found[0]?.start).toBe(before.length + space.length);
    }),
    { numRuns: 500 },
  );
});

test("two requests side by side are understood as each alone", () => {
  assert(
    property(known, known, contexts, (first, second, context) => {
      const both = understand(`${first} ${second}`, context);
      expect(both.map(withoutPlace)).toEqual([...understand(first, context), ...understand(second, context)].map(withoutPlace));
    }),
  );
});

const paris: UnderstandingContext = { now: new Date("2026-11-21T09:00:00.000Z"), timezone: "Europe/Paris" };

test("only the first part of a huge message is read, and a sentence cut by that limit is left out", () => {
  const filler = "x".repeat(MAX_ANALYSED_CHARS - 40);
  expect(understand(`Forget that I like tea. ${filler}. ${"y".repeat(1_000_000)}`, paris).map((one) => one.kind)).toEqual(["forget"]);
  expect(understand(`${filler}. Forget that I like tea and ${"coffee ".repeat(20)}`, paris)).toEqual([]);
});

test("a message full of requests gives the first ones", () => {
  const found = understand("Remind me tomorrow at 9 to call. ".repeat(500), paris);
  expect(found).toHaveLength(MAX_UNDERSTANDINGS);
  expect(found.at(-1)).toMatchObject({ kind: "remind", title: "call" });
});

afterEach(() => {
  vi.unstubAllEnvs();
});

test("the zone of this machine changes nothing", () => {
  const asked = new Map([
    ["UTC", 0],
    ["Asia/Tokyo", -540],
    ["America/New_York", 300],
    ["Pacific/Apia", -780],
  ]);
  const days = [
    "tomorrow at 9",
    "the day after tomorrow at noon",
    "on Friday at 23:30",
    "on 14 March at 2:30am",
    "at 0:15",
    "in 3 days at 10",
    "every Monday at 7",
  ];
  const offsets: number[] = [];
  const answers = Array.from(asked.keys(), (zone) => {
    vi.stubEnv("TZ", zone);
    offsets.push(paris.now.getTimezoneOffset());
    const nights = ["2011-12-29T20:00:00Z", "2026-11-21T22:59:00Z", "2027-03-13T23:30:00Z"].map((now) => new Date(now));
    return zones.map((timezone) => nights.map((now) => days.map((day) => understand(`Remind me ${day} to call.`, { now, timezone }))));
  });
  expect(offsets).toEqual([...asked.values()]);
  for (const answer of answers) expect(answer).toEqual(answers[0]);
});
