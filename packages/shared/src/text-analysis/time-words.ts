import { dateIn, lastDayOfWeek, type Period, period, type Read, season, type Unit, unitAround, weekend } from "./calendar.ts";
import type { Language } from "./languages.ts";

/** The words of a language for times, as patterns without flags; lists go by the calendar's order, Monday and January first. */
interface TimeWords {
  months: readonly string[];
  weekdays: readonly string[];
  /** Spring to winter. */
  seasons: readonly string[];
  /** Number words from one on. */
  numbers: readonly string[];
  units: Readonly<Record<Unit, string>>;
  /** How many days ago. */
  days: readonly (readonly [pattern: string, ago: number])[];
  /** Weeks, months, years that are over, and those that are not yet. */
  last: readonly (readonly [pattern: string, unit: Unit])[];
  current: readonly (readonly [pattern: string, unit: Unit])[];
  /** Patterns in which M is a month, D a day, Y a year, W a weekday, S a season, N a number, U a unit. */
  ago: string;
  dates: readonly string[];
  weekday: string;
  lastWeekend: string;
  thisWeekend: string;
  lastSeason: string;
  /** Words run together: nothing has to stand before and after. */
  unspaced?: true;
}

const german: TimeWords = {
  months: [
    "januar|jänner",
    "februar|feber",
    "märz",
    "april",
    "mai",
    "juni",
    "juli",
    "august",
    "september",
    "oktober",
    "november",
    "dezember",
  ],
  weekdays: ["montag", "dienstag", "mittwoch", "donnerstag", "freitag", "samstag|sonnabend", "sonntag"],
  seasons: ["frühling|frühjahr", "sommer", "herbst", "winter"],
  numbers: ["eine[rmn]?", "zwei", "drei", "vier", "fünf", "sechs", "sieben", "acht", "neun", "zehn"],
  units: { days: "tag(?:en?)?", weeks: "wochen?", months: "monat(?:en?)?", years: "jahr(?:en?)?" },
  days: [
    ["vorgestern", 2],
    ["gestern", 1],
    ["heute", 0],
  ],
  last: [
    ["(?:letzte|vorige|vergangene)[rnsm]? woche", "weeks"],
    ["(?:letzte|vorige|vergangene)[rnsm]? monats?", "months"],
    ["(?:letzte|vorige|vergangene)[rnsm]? jahr(?:e?s)?", "years"],
  ],
  current: [
    ["diese[rnsm]? woche", "weeks"],
    ["diese[rnsm]? monats?", "months"],
    ["(?:diese[rnsm]? jahr(?:e?s)?|heuer)", "years"],
  ],
  ago: "vor N U",
  dates: [
    "D\\.? M(?: Y)?",
    "(?:im|in|seit|ende|anfang|mitte|vom|letzten|vergangenen)(?: monat)? M(?: Y)?",
    "M Y",
    "(?:im jahre?|in|seit) Y",
  ],
  weekday: "(?:am|letzten|vergangenen|vorigen|seit) W",
  lastWeekend: "(?:letzte[nsm]?|vergangene[nsm]?|vorige[nsm]?|am) wochenende",
  thisWeekend: "diese[sm]? wochenende",
  lastSeason: "(?:im )?(?:letzten|vergangenen|vorigen|letztes|voriges) S",
};

const french: TimeWords = {
  months: [
    "janvier",
    "f[ée]vrier",
    "mars",
    "avril",
    "mai",
    "juin",
    "juillet",
    "ao[ûu]t",
    "septembre",
    "octobre",
    "novembre",
    "d[ée]cembre",
  ],
  weekdays: ["lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche"],
  seasons: ["printemps", "été", "automne", "hiver"],
  numbers: ["une?", "deux", "trois", "quatre", "cinq", "six", "sept", "huit", "neuf", "dix"],
  units: { days: "jours?", weeks: "semaines?", months: "mois", years: "an(?:née)?s?" },
  days: [
    ["avant[- ]hier", 2],
    ["hier(?: soir)?", 1],
    ["aujourd['’]hui", 0],
  ],
  last: [
    ["(?:la )?semaine (?:dernière|passée)", "weeks"],
    ["(?:le )?mois (?:dernier|passé)", "months"],
    ["l['’](?:an(?:née)?) (?:dernière?|passée?)", "years"],
  ],
  current: [
    ["cette semaine", "weeks"],
    ["ce mois(?:-ci)?", "months"],
    ["cette année", "years"],
  ],
  ago: "il y a N U",
  dates: ["D(?:er)? M(?: Y)?", "(?:en|depuis|au mois de|au mois d['’]|début|fin|mi-) ?M(?: Y)?", "M Y", "(?:en|depuis|en l['’]an) Y"],
  weekday: "(?:W (?:dernier|passé)|depuis W)",
  lastWeekend: "(?:le )?week-?end (?:dernier|passé)",
  thisWeekend: "ce week-?end",
  lastSeason: "(?:l['’]|le |au )?S (?:dernier|passé)",
};

const spanish: TimeWords = {
  months: ["enero", "febrero", "marzo", "abril", "mayo", "junio", "julio", "agosto", "sep?tiembre", "octubre", "noviembre", "diciembre"],
  weekdays: ["lunes", "martes", "mi[ée]rcoles", "jueves", "viernes", "s[áa]bado", "domingo"],
  seasons: ["primavera", "verano", "otoño", "invierno"],
  numbers: ["una?", "dos", "tres", "cuatro", "cinco", "seis", "siete", "ocho", "nueve", "diez"],
  units: { days: "d[íi]as?", weeks: "semanas?", months: "mes(?:es)?", years: "años?" },
  days: [
    ["(?:anteayer|antier|antes de ayer)", 2],
    ["(?:ayer|anoche)", 1],
    ["hoy", 0],
  ],
  last: [
    ["semana pasada", "weeks"],
    ["mes pasado", "months"],
    ["año pasado", "years"],
  ],
  current: [
    ["esta semana", "weeks"],
    ["este mes", "months"],
    ["este año", "years"],
  ],
  ago: "hace N U",
  dates: [
    "D de M(?:(?: de| del)? Y)?",
    "(?:en|desde|de|a principios de|a finales de) M(?:(?: de| del)? Y)?",
    "M(?: de)? Y",
    "(?:en|desde|del año) Y",
  ],
  weekday: "(?:el|desde el) W(?: pasado)?",
  lastWeekend: "fin de semana pasado",
  thisWeekend: "este fin de semana",
  lastSeason: "S pasad[oa]",
};

const russian: TimeWords = {
  months: [
    "январ[ьяе]",
    "феврал[ьяе]",
    "март[ае]?",
    "апрел[ьяе]",
    "ма[йяе]",
    "июн[ьяе]",
    "июл[ьяе]",
    "август[ае]?",
    "сентябр[ьяе]",
    "октябр[ьяе]",
    "ноябр[ьяе]",
    "декабр[ьяе]",
  ],
  weekdays: ["понедельник", "вторник", "среду", "четверг", "пятницу", "субботу", "воскресенье"],
  seasons: ["весн(?:ой|а|у)", "лет(?:ом|о)", "осень(?:ю)?", "зим(?:ой|а|у)"],
  numbers: ["од(?:ин|ну)", "дв[ае]", "три", "четыре", "пять", "шесть", "семь", "восемь", "девять", "десять"],
  units: { days: "(?:день|дня|дней)", weeks: "недел[юиь]", months: "месяц(?:а|ев)?", years: "(?:год|года|лет)" },
  days: [
    ["позавчера", 2],
    ["вчера", 1],
    ["сегодня", 0],
  ],
  last: [
    ["прошл(?:ой|ую) недел[еию]", "weeks"],
    ["прошл(?:ом|ый) месяце?", "months"],
    ["прошл(?:ом|ый) год[уа]?", "years"],
  ],
  current: [
    ["эт(?:ой|у) недел[еию]", "weeks"],
    ["этом месяце", "months"],
    ["этом году", "years"],
  ],
  ago: "(?:N )?U назад",
  dates: ["D M(?: Y)?", "(?:в|с|за|прошлого|начале|конце) M(?: Y)?", "M Y", "(?:в|с) Y"],
  weekday: "(?:в|во|прошлую|прошлый) W",
  lastWeekend: "(?:на прошлых выходных|в прошлые выходные|на выходных)",
  thisWeekend: "на этих выходных",
  lastSeason: "(?:прошлой|прошлым) S",
};

const hanNumbers = ["一", "二|两|兩", "三", "四", "五", "六", "七", "八", "九", "十", "十一", "十二"];
const chineseAndJapanese: TimeWords = {
  months: hanNumbers.map((han, at) => `(?:0?${at + 1}|${han})月`),
  weekdays: ["一|月曜日?", "二|火曜日?", "三|水曜日?", "四|木曜日?", "五|金曜日?", "六|土曜日?", "[日天]|日曜日?"].map((day) => {
    const [chinese, japanese] = day.split("|");
    return `(?:(?:周|週|星期|礼拜|禮拜)${chinese}|${japanese})`;
  }),
  seasons: ["春天?", "夏天?", "秋天?", "冬天?"],
  numbers: hanNumbers,
  units: { days: "(?:天|日)", weeks: "(?:周|週|星期|礼拜|禮拜|週間)", months: "(?:月|ヶ月|か月|カ月|ヵ月)", years: "年" },
  days: [
    ["(?:前天|一昨日|おととい)", 2],
    ["(?:昨天|昨日|昨晚|昨夜|きのう)", 1],
    ["(?:今天|今日|きょう)", 0],
  ],
  last: [
    ["(?:上个?|上個|先)(?:周|週|星期|礼拜|禮拜)(?![一二三四五六日天末])", "weeks"],
    ["(?:上个?|上個|先)月", "months"],
    ["(?:去年|昨年)(?![春夏秋冬]|の[春夏秋冬])", "years"],
  ],
  current: [
    ["(?:这个?|這個?|本|今)(?:周|週|星期|礼拜|禮拜)(?![一二三四五六日天末])", "weeks"],
    ["(?:这个|這個|本|今)月", "months"],
    ["今年", "years"],
  ],
  ago: "N ?(?:个|個)?U(?:之|以)?前",
  dates: ["Y年(?:M(?:D[日号號])?)?", "M(?:D[日号號])?"],
  weekday: "(?:上个?|上個|先週の?|在)?W",
  lastWeekend: "(?:上个?|上個|先)(?:周|週)末",
  thisWeekend: "(?:这个?|這個?|本|今)(?:周|週)末",
  lastSeason: "(?:去年|昨年)の?S",
  unspaced: true,
};

type Form = readonly [RegExp, Read];

const oneOf = (patterns: readonly string[]): string => `(?:${patterns.join("|")})`;
/** From the last on: of two that begin alike (ten and eleven) the longer one stands later. */
const placeOf = (patterns: readonly string[], text: string | undefined): number =>
  text === undefined ? -1 : patterns.findLastIndex((pattern) => new RegExp(`^(?:${pattern})$`, "iu").test(text));

/** Reads a count and a unit, a date, a weekday or a season, whichever the form has groups for. */
function formsOf(words: TimeWords): Form[] {
  const groups: Readonly<Record<string, string>> = {
    M: `(?<month>${oneOf(words.months.toReversed())})`,
    D: "(?<day>\\d{1,2})",
    Y: "(?<year>(?:19|20)\\d{2})",
    W: `(?<weekday>${oneOf(words.weekdays)})`,
    S: `(?<season>${oneOf(words.seasons)})`,
    N: `(?<count>\\d{1,3}|${oneOf(words.numbers)})`,
    U: `(?<unit>${oneOf(Object.values(words.units))})`,
  };
  const form = (
    pattern: string,
    read: (named: Readonly<Record<string, string | undefined>>, today: Temporal.ZonedDateTime) => Period | null,
  ): Form => {
    const source = pattern.replace(/[MDYWSNU]/g, (letter) => groups[letter] ?? letter);
    const whole = words.unspaced ? source : `(?<![\\p{L}\\p{N}])(?:${source})(?![\\p{L}\\p{N}])`;
    return [new RegExp(whole, "giu"), (found, today) => read(new RegExp(`^(?:${source})`, "iu").exec(found[0] ?? "")?.groups ?? {}, today)];
  };
  const unitNames = Object.keys(words.units) as Unit[];
  const day = (ago: number) => (_: unknown, today: Temporal.ZonedDateTime) => period(unitAround(today.subtract({ days: ago }), "days"));
  return [
    form(words.lastWeekend, (_, today) => weekend(today, 1)),
    form(words.thisWeekend, (_, today) => weekend(today, 0)),
    form(words.lastSeason, ({ season: name }, today) => season(today, 3 * (placeOf(words.seasons, name) + 1), true)),
    ...words.last.map(([pattern, unit]) => form(pattern, (_, today) => period(unitAround(today.subtract({ [unit]: 1 }), unit)))),
    ...words.current.map(([pattern, unit]) => form(pattern, (_, today) => period(unitAround(today, unit)))),
    form(words.ago, ({ count, unit: name }, today) => {
      const unit = unitNames[placeOf(Object.values(words.units), name)] ?? "days";
      const number = count === undefined ? 1 : Number(count) || placeOf(words.numbers, count) + 1;
      return period(unitAround(today.subtract({ [unit]: number }), unit));
    }),
    ...words.dates.map((pattern) =>
      form(pattern, ({ month, day: dayOfMonth, year }, today) =>
        month === undefined
          ? period(unitAround(today.with({ year: Number(year) }), "years"))
          : dateIn(today, placeOf(words.months, month) + 1, dayOfMonth, year),
      ),
    ),
    form(words.weekday, ({ weekday }, today) => lastDayOfWeek(today, placeOf(words.weekdays, weekday) + 1)),
    ...words.days.map(([pattern, ago]) => form(pattern, day(ago))),
  ];
}

/** Their words are nobody else's: read in every text. */
const always = [russian, chineseAndJapanese].flatMap(formsOf);
const byLanguage = new Map<Language, readonly Form[]>([
  ["de", formsOf(german)],
  ["fr", formsOf(french)],
  ["es", formsOf(spanish)],
]);

/** The forms in which a text of a language names times, English apart. The first that matches at a place wins. */
export const timesIn = (language: Language): readonly Form[] => [...(byLanguage.get(language) ?? []), ...always];
