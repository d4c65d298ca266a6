import { array, assert, constantFrom, oneof, property, string } from "fast-check";
import { expect, test } from "vitest";
import type { Language } from "./languages.ts";
import { closeness, periodsOf } from "./time-expressions.ts";

/** A Saturday. */
const now = new Date("2026-11-21T12:00:00Z");
const days = (text: string, timeZone = "UTC", language: Language | null = null) =>
  periodsOf(text, now, timeZone, language).map((period) =>
    "from" in period ? [period.from, period.to].map((at) => at.toISOString().slice(0, 10)).join("/") : period,
  );

test.each([
  ["what happened yesterday?", ["2026-11-20/2026-11-21"]],
  ["last week", ["2026-11-09/2026-11-16"]],
  ["this month", ["2026-11-01/2026-12-01"]],
  ["the past three months", ["2026-08-21/2026-11-22"]],
  ["two days ago", ["2026-11-19/2026-11-20"]],
  ["a year ago", ["2025-01-01/2026-01-01"]],
  ["on Monday", ["2026-11-16/2026-11-17"]],
  ["last Saturday", ["2026-11-14/2026-11-15"]],
  ["last weekend", ["2026-11-14/2026-11-16"]],
  ["last summer", ["2026-06-01/2026-09-01"]],
  ["on 8 May, 2023", ["2023-05-08/2023-05-09"]],
  ["October 13th 2023", ["2023-10-13/2023-10-14"]],
  ["in July 2023", ["2023-07-01/2023-08-01"]],
  ["in 2023", ["2023-01-01/2024-01-01"]],
  ["2023-05-08", ["2023-05-08/2023-05-09"]],
  ["in March", [{ month: 3, day: null }]],
  ["on 14 March", [{ month: 3, day: 14 }]],
  ["between 2 June 2023 and 5 June 2023", ["2023-06-02/2023-06-03", "2023-06-05/2023-06-06"]],
])("reads %s", (text, expected) => {
  expect(days(text)).toEqual(expected);
});

test.each([
  ["de", "Was war letzte Woche?", "2026-11-09/2026-11-16"],
  ["de", "Wer kam vorgestern?", "2026-11-19/2026-11-20"],
  ["de", "vor drei Monaten", "2026-08-01/2026-09-01"],
  ["de", "am Montag", "2026-11-16/2026-11-17"],
  ["de", "am 3. Mai 2024", "2024-05-03/2024-05-04"],
  ["de", "Wo war ich im März?", { month: 3, day: null }],
  ["de", "letzten Sommer", "2026-06-01/2026-09-01"],
  ["de", "am letzten Wochenende", "2026-11-14/2026-11-16"],
  ["fr", "Qu'avons-nous fait la semaine dernière ?", "2026-11-09/2026-11-16"],
  ["fr", "il y a deux ans", "2024-01-01/2025-01-01"],
  ["fr", "le 14 juillet 2025", "2025-07-14/2025-07-15"],
  ["fr", "en août", { month: 8, day: null }],
  ["fr", "hier soir", "2026-11-20/2026-11-21"],
  ["fr", "avant-hier", "2026-11-19/2026-11-20"],
  ["fr", "l’été dernier", "2026-06-01/2026-09-01"],
  ["es", "¿Qué hicimos el mes pasado?", "2026-10-01/2026-11-01"],
  ["es", "hace tres días", "2026-11-18/2026-11-19"],
  ["es", "el 2 de mayo de 2023", "2023-05-02/2023-05-03"],
  ["es", "en marzo", { month: 3, day: null }],
  ["es", "el viernes pasado", "2026-11-20/2026-11-21"],
  [null, "Что было на прошлой неделе?", "2026-11-09/2026-11-16"],
  [null, "позавчера", "2026-11-19/2026-11-20"],
  [null, "две недели назад", "2026-11-02/2026-11-09"],
  [null, "неделю назад", "2026-11-09/2026-11-16"],
  [null, "в марте", { month: 3, day: null }],
  [null, "8 мая 2023", "2023-05-08/2023-05-09"],
  [null, "в пятницу", "2026-11-20/2026-11-21"],
  [null, "我上周做了什么？", "2026-11-09/2026-11-16"],
  [null, "上个月", "2026-10-01/2026-11-01"],
  [null, "三天前", "2026-11-18/2026-11-19"],
  [null, "两个星期前", "2026-11-02/2026-11-09"],
  [null, "十一月", { month: 11, day: null }],
  [null, "2023年5月8日", "2023-05-08/2023-05-09"],
  [null, "上周五", "2026-11-20/2026-11-21"],
  [null, "先週は何をしましたか", "2026-11-09/2026-11-16"],
  [null, "昨日どこへ行った？", "2026-11-20/2026-11-21"],
  [null, "2ヶ月前", "2026-09-01/2026-10-01"],
  [null, "3月に", { month: 3, day: null }],
  [null, "月曜日", "2026-11-16/2026-11-17"],
  [null, "去年の夏", "2026-06-01/2026-09-01"],
  [null, "去年", "2025-01-01/2026-01-01"],
] as const)("reads, for a user of %s, %s", (language, text, expected) => {
  expect(days(text, "UTC", language)).toEqual([expected]);
});

test.each([
  ["de", "Wer wohnt hier?"],
  ["fr", "Qui aime le mail ?"],
  ["en", "mars is a planet and hoy a town"],
  [null, "майка и летово"],
  [null, "今日子さんの三日月"],
] as const)("reads, for a user of %s, no other time in %s", (language, text) => {
  expect(days(text, "UTC", language).filter((one) => one !== "2026-11-21/2026-11-22")).toEqual([]);
});

test.each(["may I ask you", "we march on", "14 marched", "2023-13-05", "room 2023", "last"])("reads no time in %s", (text) => {
  expect(periodsOf(text, now, "UTC")).toEqual([]);
});

test("counts days in the user's zone", () => {
  expect(periodsOf("yesterday", new Date("2026-11-21T00:30:00Z"), "America/New_York")).toEqual([
    { from: new Date("2026-11-19T05:00:00Z"), to: new Date("2026-11-20T05:00:00Z") },
  ]);
});

test("takes any text without failing, and every span of time goes forward", () => {
  const words = constantFrom(
    "last",
    "on",
    "in",
    "31",
    "February",
    "2023",
    "0000",
    "years",
    "999",
    "ago",
    "May",
    "week",
    "this",
    "winter",
    "-",
  );
  assert(
    property(array(oneof(words, string()), { maxLength: 12 }), (parts) => {
      const spans = periodsOf(parts.join(" "), now, "Pacific/Apia").filter((period) => "from" in period);
      expect(spans.every(({ from, to }) => from < to)).toBe(true);
    }),
  );
});

test("is 1 inside a period and falls by half with every half-life after it", () => {
  const [may] = [{ from: new Date("2023-05-01T00:00:00Z"), to: new Date("2023-06-01T00:00:00Z") }];
  expect(closeness([may], new Date("2023-05-20T00:00:00Z"), 5)).toBe(1);
  expect(closeness([may], new Date("2023-06-06T00:00:00Z"), 5)).toBe(0.5);
  expect(closeness([may], new Date("2023-04-28T12:00:00Z"), 5)).toBe(0.5);
  expect(closeness([{ month: 5, day: null }], new Date("1999-05-31T00:00:00Z"), 5)).toBe(1);
  expect(closeness([{ month: 12, day: 31 }], new Date("2024-01-06T00:00:00Z"), 5)).toBe(0.5);
});
