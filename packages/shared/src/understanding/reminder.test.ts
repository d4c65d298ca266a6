import { describe, expect, test } from "vitest";
import { parseReminder } from "./reminder.ts";
import type { ScheduleReading, UnderstandingContext } from "./types.ts";
import { understand } from "./understand.ts";

/** Saturday, 10:00 in Paris. */
const paris: UnderstandingContext = { now: new Date("2026-11-21T09:00:00.000Z"), timezone: "Europe/Paris" };

/** "2026-11-22T09:00 = 2026-11-22T08:00Z" (once), "FREQ=DAILY from 2026-11-22T09:00", "every 60 s from ..."; "~" marks an assumed time. */
function shown(reading: ScheduleReading | undefined): string {
  if (!reading) return "nothing";
  const assumed = reading.assumedTime ? "~" : "";
  const local = reading.dtstartLocal.replace(/:00$/, "");
  if (reading.kind === "once") return `${local}${assumed} = ${reading.at.toISOString().replace(/:00\.000Z$/, "Z")}`;
  if (reading.kind === "recurring") return `${reading.rrule} from ${local}${assumed}`;
  const ends = `${reading.countTotal === undefined ? "" : ` ${reading.countTotal} times`}${reading.untilAt ? ` until ${reading.untilAt.toISOString()}` : ""}`;
  return `every ${reading.intervalSeconds} s from ${local}${ends}`;
}

function heard(text: string, context = paris): string[] {
  return understand(text, context).map((one) => {
    if (one.kind === "remind") return `${one.title} | ${shown({ ...one.schedule, assumedTime: one.assumedTime })}`;
    if (one.kind === "remind_unclear") return `${one.title ?? ""} ? ${one.question}`;
    return one.kind;
  });
}

describe("a reminder at one time is understood in every order", () => {
  test.each([
    ["remind me to call mum tomorrow at 9", "call mum | 2026-11-22T09:00 = 2026-11-22T08:00Z"],
    ["remind me tomorrow at 9 to call mum", "call mum | 2026-11-22T09:00 = 2026-11-22T08:00Z"],
    ["Remind me tomorrow at 9: call mum", "call mum | 2026-11-22T09:00 = 2026-11-22T08:00Z"],
    ["Remind me, please, tomorrow at 9, to call mum.", "call mum | 2026-11-22T09:00 = 2026-11-22T08:00Z"],
    ["Tomorrow at 9, remind me to call mum", "call mum | 2026-11-22T09:00 = 2026-11-22T08:00Z"],
    ["tomorrow remind me at 9 to call mum", "call mum | 2026-11-22T09:00 = 2026-11-22T08:00Z"],
    ["remind me to call mum tomorrow at 9, please!", "call mum | 2026-11-22T09:00 = 2026-11-22T08:00Z"],
    ["in 20 minutes remind me to check the oven", "check the oven | 2026-11-21T10:20 = 2026-11-21T09:20Z"],
    ["remind me in 20 minutes to check the oven", "check the oven | 2026-11-21T10:20 = 2026-11-21T09:20Z"],
    ["remind me to check the oven 20 minutes from now", "check the oven | 2026-11-21T10:20 = 2026-11-21T09:20Z"],
    ["remind me to call in 2h", "call | 2026-11-21T12:00 = 2026-11-21T11:00Z"],
    ["remind me in half an hour to go", "go | 2026-11-21T10:30 = 2026-11-21T09:30Z"],
    ["remind me in an hour and a half to go", "go | 2026-11-21T11:30 = 2026-11-21T10:30Z"],
    ["remind me in one and a half hours to go", "go | 2026-11-21T11:30 = 2026-11-21T10:30Z"],
    ["remind me in 1 hour and 20 minutes to go", "go | 2026-11-21T11:20 = 2026-11-21T10:20Z"],
    ["remind me in 10 seconds to blink", "blink | 2026-11-21T10:00:10 = 2026-11-21T09:00:10.000Z"],
    ["remind me in 2 days to call", "call | 2026-11-23T10:00 = 2026-11-23T09:00Z"],
    ["remind me in 3 days at 10 to call", "call | 2026-11-24T10:00 = 2026-11-24T09:00Z"],
    ["remind me in a week to call", "call | 2026-11-28T10:00 = 2026-11-28T09:00Z"],
    ["remind me about the dentist on 14 March at 10:00", "the dentist | 2027-03-14T10:00 = 2027-03-14T09:00Z"],
    ["set a reminder for Friday 17:30 to buy milk", "buy milk | 2026-11-27T17:30 = 2026-11-27T16:30Z"],
    ["set a reminder to buy milk on Friday at 17:30", "buy milk | 2026-11-27T17:30 = 2026-11-27T16:30Z"],
    ["remind me at noon to eat", "eat | 2026-11-21T12:00 = 2026-11-21T11:00Z"],
    ["remind me at midnight to sleep", "sleep | 2026-11-22T00:00 = 2026-11-21T23:00Z"],
    ["remind me tonight at 8 to lock the door", "lock the door | 2026-11-21T20:00 = 2026-11-21T19:00Z"],
    ["remind me tomorrow at 7 in the evening to call", "call | 2026-11-22T19:00 = 2026-11-22T18:00Z"],
    ["remind me next Monday at 9 to submit it", "submit it | 2026-11-23T09:00 = 2026-11-23T08:00Z"],
    ["remind me at half past eight to eat", "eat | 2026-11-22T08:30 = 2026-11-22T07:30Z"],
    ["remind me at nine to eat", "eat | 2026-11-22T09:00 = 2026-11-22T08:00Z"],
    ["remind me to call Bob at 5pm on Friday", "call Bob | 2026-11-27T17:00 = 2026-11-27T16:00Z"],
    ["remind me on 1 December 2026 at 14:30 to call", "call | 2026-12-01T14:30 = 2026-12-01T13:30Z"],
    ["remind me 2026-12-01 08:00 to call", "call | 2026-12-01T08:00 = 2026-12-01T07:00Z"],
    ["remind me at 2026-12-01T08:00 to call", "call | 2026-12-01T08:00 = 2026-12-01T07:00Z"],
    ["remind me to call on the 3rd of May at 9:00", "call | 2027-05-03T09:00 = 2027-05-03T07:00Z"],
    ["remind me tomorrow at 9:00 not to smoke", "not to smoke | 2026-11-22T09:00 = 2026-11-22T08:00Z"],
    ["remind me on the 5th at 10 to call", "call | 2026-12-05T10:00 = 2026-12-05T09:00Z"],
    ["remind me the day after tomorrow at 10 to call", "call | 2026-11-23T10:00 = 2026-11-23T09:00Z"],
    ["remind me on Saturday at 17:00 to call", "call | 2026-11-21T17:00 = 2026-11-21T16:00Z"],
    ["remind me on Saturday at 9 to call", "call | 2026-11-28T09:00 = 2026-11-28T08:00Z"],
    ["Tomorrow at 8.30 remind me to call Dr. Smith. He is nice.", "call Dr. Smith | 2026-11-22T08:30 = 2026-11-22T07:30Z"],
    ["Hi Mema, could you please remind me tomorrow at 9 p.m. to call Bob?", "call Bob | 2026-11-22T21:00 = 2026-11-22T20:00Z"],
    ["remind me to write the daily report tomorrow at 10", "write the daily report | 2026-11-22T10:00 = 2026-11-22T09:00Z"],
    ["remind me to read 1984 tomorrow at 10", "read 1984 | 2026-11-22T10:00 = 2026-11-22T09:00Z"],
    ["Dima's birthday is 14 March, remind me tomorrow at 11:00 to buy a gift", "buy a gift | 2026-11-22T11:00 = 2026-11-22T10:00Z"],
  ])("%s", (text, expected) => {
    expect(heard(text)).toEqual([expected]);
  });
});

describe("a day without a time, and a part of the day, take the documented hour and say so", () => {
  test.each([
    ["remind me tomorrow to call", "call | 2026-11-22T09:00~ = 2026-11-22T08:00Z"],
    ["remind me next Monday to call", "call | 2026-11-23T09:00~ = 2026-11-23T08:00Z"],
    ["remind me to wish mum a happy birthday on 14 March", "wish mum a happy birthday | 2027-03-14T09:00~ = 2027-03-14T08:00Z"],
    ["remind me tonight to call", "call | 2026-11-21T21:00~ = 2026-11-21T20:00Z"],
    ["remind me this evening to call", "call | 2026-11-21T19:00~ = 2026-11-21T18:00Z"],
    ["remind me tomorrow afternoon to call", "call | 2026-11-22T15:00~ = 2026-11-22T14:00Z"],
    ["remind me in the morning to call", "call | 2026-11-22T09:00~ = 2026-11-22T08:00Z"],
    ["remind me every morning to stretch", "stretch | FREQ=DAILY from 2026-11-22T09:00~"],
    ["remind me every Sunday evening to plan", "plan | FREQ=WEEKLY;BYDAY=SU from 2026-11-22T19:00~"],
    ["remind me every year on 14 March to call Dima", "call Dima | FREQ=YEARLY;BYMONTH=3;BYMONTHDAY=14 from 2027-03-14T09:00~"],
  ])("%s", (text, expected) => {
    expect(heard(text)).toEqual([expected]);
  });
});

describe("a repeat becomes a rule on the wall clock, or exact seconds below a day", () => {
  test.each([
    ["remind me every weekday at 8:30 to take my pills", "take my pills | FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR from 2026-11-23T08:30"],
    ["remind me on weekdays at 8:30 to take my pills", "take my pills | FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR from 2026-11-23T08:30"],
    ["remind me every day at 7 to run", "run | FREQ=DAILY from 2026-11-22T07:00"],
    ["remind me to run every day at 7", "run | FREQ=DAILY from 2026-11-22T07:00"],
    ["remind me daily at 7 to run", "run | FREQ=DAILY from 2026-11-22T07:00"],
    ["remind me everyday at 7 to run", "run | FREQ=DAILY from 2026-11-22T07:00"],
    ["remind me at 18:00 every day to run", "run | FREQ=DAILY from 2026-11-21T18:00"],
    ["every Monday and Thursday at 18:00 remind me to lift", "lift | FREQ=WEEKLY;BYDAY=MO,TH from 2026-11-23T18:00"],
    ["remind me every Monday, Wednesday and Friday at 18:00 to lift", "lift | FREQ=WEEKLY;BYDAY=MO,WE,FR from 2026-11-23T18:00"],
    ["remind me on Mondays at 10 to call", "call | FREQ=WEEKLY;BYDAY=MO from 2026-11-23T10:00"],
    ["Every Monday remind me at 9 to call", "call | FREQ=WEEKLY;BYDAY=MO from 2026-11-23T09:00"],
    ["remind me weekly on Fridays at 10 to call", "call | FREQ=WEEKLY;BYDAY=FR from 2026-11-27T10:00"],
    ["remind me every week at 9 on Monday to call", "call | FREQ=WEEKLY;BYDAY=MO from 2026-11-23T09:00"],
    ["remind me every other Tuesday at 9 to put out the bins", "put out the bins | FREQ=WEEKLY;INTERVAL=2;BYDAY=TU from 2026-11-24T09:00"],
    [
      "remind me every 2 weeks on Friday at noon to water the plants",
      "water the plants | FREQ=WEEKLY;INTERVAL=2;BYDAY=FR from 2026-11-27T12:00",
    ],
    ["remind me every third day at 9 to water", "water | FREQ=DAILY;INTERVAL=3 from 2026-11-22T09:00"],
    ["remind me every month on the 1st at 9:00 to pay rent", "pay rent | FREQ=MONTHLY;BYMONTHDAY=1 from 2026-12-01T09:00"],
    ["remind me every month on the 1st and 15th at 10 to pay", "pay | FREQ=MONTHLY;BYMONTHDAY=1,15 from 2026-12-01T10:00"],
    ["remind me on the last Friday of every month at 16:00 to report", "report | FREQ=MONTHLY;BYDAY=-1FR from 2026-11-27T16:00"],
    ["remind me every second Tuesday of the month at 16:00 to report", "report | FREQ=MONTHLY;BYDAY=2TU from 2026-12-08T16:00"],
    ["remind me on the last day of every month at 10 to pay", "pay | FREQ=MONTHLY;BYMONTHDAY=-1 from 2026-11-30T10:00"],
    ["remind me every 3 months on the 15th at 10 to pay", "pay | FREQ=MONTHLY;INTERVAL=3;BYMONTHDAY=15 from 2026-12-15T10:00"],
    ["remind me every 29 February at 10 to leap", "leap | FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29 from 2028-02-29T10:00"],
    ["remind me every year on the 14th of March at 10 to call", "call | FREQ=YEARLY;BYMONTH=3;BYMONTHDAY=14 from 2027-03-14T10:00"],
    ["remind me every evening at 8 to read", "read | FREQ=DAILY from 2026-11-21T20:00"],
    ["remind me every day at 7 until 1 December to run", "run | FREQ=DAILY;UNTIL=20261201 from 2026-11-22T07:00"],
    ["remind me to run every day at 7 for 5 times", "run | FREQ=DAILY;COUNT=5 from 2026-11-22T07:00"],
    ["remind me to run every day at 7, 5 times", "run | FREQ=DAILY;COUNT=5 from 2026-11-22T07:00"],
    ["remind me every day at 9 starting 1 December to run", "run | FREQ=DAILY from 2026-12-01T09:00"],
    ["remind me every 2 weeks starting next Monday at 9 to run", "run | FREQ=WEEKLY;INTERVAL=2;BYDAY=MO from 2026-11-23T09:00"],
    ["remind me every 90 minutes to stand up", "stand up | every 5400 s from 2026-11-21T11:30"],
    ["remind me every hour to drink", "drink | every 3600 s from 2026-11-21T11:00"],
    ["remind me every half hour to drink", "drink | every 1800 s from 2026-11-21T10:30"],
    ["remind me every hour and a half to drink", "drink | every 5400 s from 2026-11-21T11:30"],
    ["remind me every 2 hours 3 times to drink", "drink | every 7200 s from 2026-11-21T12:00 3 times"],
    ["remind me every 2 hours until tomorrow to drink", "drink | every 7200 s from 2026-11-21T12:00 until 2026-11-22T22:59:59.000Z"],
  ])("%s", (text, expected) => {
    expect(heard(text)).toEqual([expected]);
  });
});

describe("what is missing, past, ambiguous or left over is asked about, with the matter kept", () => {
  test.each([
    ["remind me to call mum", "call mum ? When should I remind you?"],
    ["set a reminder", " ? When should I remind you?"],
    ["remind me tomorrow at 9", " ? What should I remind you about?"],
    [
      "remind me every second-ish Tuesday to call mum",
      'call mum ? I did not understand "every second-ish Tuesday". When should I remind you?',
    ],
    ["remind me every second Tuesday at 9 to call mum", "call mum ? Do you mean every 2 weeks, or once a month?"],
    ["remind me every so often to call", 'call ? I did not understand "every so often". When should I remind you?'],
    ["remind me every day at 7 except Sundays to run", "run ? I cannot leave out days of a repeat yet. Which days should I remind you on?"],
    ["remind me every week to call", "call ? On which day of the week?"],
    ["remind me every month at 9 to call", "call ? On which day of the month?"],
    ["remind me every 30 seconds to call", "call ? A reminder repeats at most every 60 seconds. How often should I remind you?"],
    ["remind me twice a day to call", 'call ? I did not understand "twice a day". When should I remind you?'],
    ["remind me on 14 March 2020 to call", "call ? 2020-03-14 09:00 is already past. When should I remind you?"],
    ["remind me yesterday at 9 to call", "call ? 2026-11-20 09:00 is already past. When should I remind you?"],
    ["remind me today at 9 to call", "call ? 2026-11-21 09:00 is already past. When should I remind you?"],
    ["remind me today to call", "call ? At what time should I remind you?"],
    ["remind me on 30 February to call", 'call ? I did not understand "on 30 February". When should I remind you?'],
    ["remind me tomorrow at 9 UTC to call", 'call ? "at 9 UTC" names a time zone. What time is that for you?'],
    ["remind me tomorrow at 9 or 10 to call", 'call ? I did not understand "or 10". When should I remind you?'],
    ["remind me tomorrow around 9 to call", 'call ? I did not understand "around 9". When should I remind you?'],
    ["remind me next week to call", 'call ? "next week" is not an exact time. When should I remind you?'],
    ["remind me in a few minutes to call", 'call ? "in a few minutes" is not an exact time. When should I remind you?'],
    ["remind me at the weekend to call", 'call ? I did not understand "at the weekend". When should I remind you?'],
    ["remind me when I get home to call", 'call ? I did not understand "when I get home". When should I remind you?'],
    [
      "remind me tomorrow to book a table for Friday at 8",
      'book a table for Friday at 8 ? I did not understand "Friday at 8". When should I remind you?',
    ],
    ["remind me to book a table for Friday at 8", 'book a table for ? I did not understand "for Friday at 8". When should I remind you?'],
    ["remind me that the meeting is tomorrow at 9", 'the meeting is ? I did not understand "is tomorrow at 9". When should I remind you?'],
    ["remind me to move the meeting to Friday", 'move the meeting to ? I did not understand "to Friday". When should I remind you?'],
    ["remind me to send the 9am report tomorrow", 'send the 9am report ? I did not understand "9am". When should I remind you?'],
    ["remind me at 8 and at 20 to take pills", "take pills ? I found two different times of day. Which one do you mean?"],
    ["remind me tomorrow at midnight to call", "call ? At the start or at the end of that day?"],
    [
      "remind me at 14:00 in the morning to call",
      "call ? The hour and the part of the day do not fit together. At what time should I remind you?",
    ],
    ["remind me in 9999 weeks to call", "call ? That is more than 10 years away. When should I remind you?"],
    ["remind me on 14 March 9999 to call", "call ? That is more than 10 years away. When should I remind you?"],
    ["remind me every hour until 14 March 9999 to call", "call ? That is more than 10 years away. When should I remind you?"],
    ["remind me every day starting 14 March 9999 to call", "call ? That is more than 10 years away. When should I remind you?"],
    ["remind me on 14 March 1066 to call", "call ? 1066-03-14 09:00 is already past. When should I remind you?"],
    ["remind me in 200 years to call", "call ? That is more than 10 years away. When should I remind you?"],
    [
      "remind me to buy a gift three days before Dima's birthday",
      'buy a gift ? When is "Dima\'s birthday"? I count "three days before" from that date.',
    ],
    ["remind me to set the alarm for 7 tonight", 'set the alarm for 7 ? I did not understand "for 7 tonight". When should I remind you?'],
    ["I meet Bob on Friday, please remind me at 9:00 to dress up", "dress up ? On which day should I remind you?"],
    ["I have a meeting tomorrow at 9, remind me 10 minutes before", " ? 10 minutes before what? Please give me a date."],
    ["remind me the day before at 18:00 to pack", "pack ? The day before what? Please give me a date."],
    ["remind me three days before to buy a gift", "buy a gift ? Three days before what? Please give me a date."],
  ])("%s", (text, expected) => {
    expect(heard(text)).toEqual([expected]);
  });

  test("a request that is too long is asked about, not cut", () => {
    expect(heard(`remind me tomorrow at 9 to ${"x ".repeat(300)}`)).toEqual([
      " ? That is too long for one reminder. When, and of what, should I remind you, in under 500 characters?",
    ]);
  });
});

describe("other readings are offered", () => {
  test.each([
    ["at 9", ["2026-11-21T21:00 = 2026-11-21T20:00Z"]],
    ["tomorrow at 9", ["2026-11-22T21:00 = 2026-11-22T20:00Z"]],
    ["tomorrow at 09:00", []],
    ["tomorrow at 9am", []],
    ["tomorrow at 17:00", []],
    ["every day at 7", ["FREQ=DAILY from 2026-11-21T19:00"]],
    ["on Saturday at 17:00", ["2026-11-28T17:00 = 2026-11-28T16:00Z"]],
    ["today at 9", ["2026-11-21T21:00 = 2026-11-21T20:00Z", "2026-11-22T09:00 = 2026-11-22T08:00Z"]],
    ["on 1/2/2027 at 10:00", ["2027-02-01T10:00 = 2027-02-01T09:00Z", "2027-01-02T10:00 = 2027-01-02T09:00Z"]],
    [
      "every second Tuesday at 14:00",
      ["FREQ=WEEKLY;INTERVAL=2;BYDAY=TU from 2026-11-24T14:00", "FREQ=MONTHLY;BYDAY=2TU from 2026-12-08T14:00"],
    ],
  ])("remind me to call %s", (when, expected) => {
    expect(parseReminder(`remind me to call ${when}`, paris).alternatives.map(shown)).toEqual(expected);
  });

  test("next Friday, said on a Monday, may be in this week or the next", () => {
    const monday = { ...paris, now: new Date("2026-11-23T09:00:00Z") };
    const parsed = parseReminder("remind me next Friday at 14:00 to call", monday);
    expect(parsed.question).toBe("Do you mean 2026-11-27 or 2026-12-04?");
    expect(parsed.alternatives.map(shown)).toEqual(["2026-11-27T14:00 = 2026-11-27T13:00Z", "2026-12-04T14:00 = 2026-12-04T13:00Z"]);
  });

  test("the locale decides between day/month and month/day", () => {
    expect(heard("remind me on 1/2/2027 at 10:00 to call", { ...paris, locale: "en-US" })).toEqual([
      "call | 2027-01-02T10:00 = 2027-01-02T09:00Z",
    ]);
    expect(heard("remind me on 1/2/2027 at 10:00 to call", { ...paris, locale: "en-GB" })).toEqual([
      "call | 2027-02-01T10:00 = 2027-02-01T09:00Z",
    ]);
  });
});

describe("times are wall clocks in the user's zone, also on nights when the clock changes", () => {
  test.each([
    ["America/New_York", "2027-03-13T17:00:00Z", "remind me tomorrow at 2:30am to wake", "wake | 2027-03-14T02:30 = 2027-03-14T07:30Z"],
    ["America/New_York", "2027-03-13T17:00:00Z", "remind me in 24 hours to wake", "wake | 2027-03-14T13:00 = 2027-03-14T17:00Z"],
    ["America/New_York", "2027-03-13T17:00:00Z", "remind me in 1 day to wake", "wake | 2027-03-14T12:00 = 2027-03-14T16:00Z"],
    ["America/New_York", "2026-10-31T16:00:00Z", "remind me tomorrow at 1:30am to wake", "wake | 2026-11-01T01:30 = 2026-11-01T05:30Z"],
    ["Africa/Cairo", "2026-04-23T12:00:00Z", "remind me at midnight to sleep", "sleep | 2026-04-24T00:00 = 2026-04-23T22:00Z"],
    ["Australia/Lord_Howe", "2026-10-03T02:00:00Z", "remind me tomorrow at 2:15am to wake", "wake | 2026-10-04T02:15 = 2026-10-03T15:45Z"],
    ["Pacific/Apia", "2011-12-29T20:00:00Z", "remind me tomorrow at 11:00 to sail", "sail | 2011-12-30T11:00 = 2011-12-30T21:00Z"],
    ["Asia/Kathmandu", "2026-11-21T20:00:00Z", "remind me today at 23:00 to sleep", "sleep | 2026-11-22T23:00 = 2026-11-22T17:15Z"],
    ["Pacific/Kiritimati", "2026-11-21T09:00:00Z", "remind me tomorrow at 14:00 to call", "call | 2026-11-22T14:00 = 2026-11-22T00:00Z"],
    ["Pacific/Pago_Pago", "2026-11-21T09:00:00Z", "remind me tomorrow at 14:00 to call", "call | 2026-11-21T14:00 = 2026-11-22T01:00Z"],
    ["Europe/London", "2026-03-28T12:00:00Z", "remind me every day at 1:30 to wake", "wake | FREQ=DAILY from 2026-03-29T01:30"],
  ])("%s at %s: %s", (timezone, now, text, expected) => {
    expect(heard(text, { now: new Date(now), timezone })).toEqual([expected]);
  });
});

test("an elapsed time that ends in the second pass of a repeated hour says so", () => {
  const newYork = { now: new Date("2026-11-01T06:02:39.984Z"), timezone: "America/New_York" };
  const [soon, hourly] = ["in 20 minutes", "every 20 minutes"].map(
    (when) => parseReminder(`remind me ${when} to wake`, newYork).understood,
  );
  expect(soon).toMatchObject({ at: new Date("2026-11-01T06:22:40Z"), dtstartLocal: "2026-11-01T01:22:40", overlapPolicy: "second" });
  expect(hourly).toMatchObject({ dtstartLocal: "2026-11-01T01:22:40", overlapPolicy: "second" });
});

describe("reminders.parse", () => {
  test("a time alone is understood, for a snooze, and asks for the matter", () => {
    const parsed = parseReminder("  tomorrow at 14:00 ", paris);
    expect(shown(parsed.understood ?? undefined)).toBe("2026-11-22T14:00 = 2026-11-22T13:00Z");
    expect(parsed).toMatchObject({ understood: { title: "" }, question: "What should I remind you about?", span: { start: 2, end: 19 } });
  });

  test("the words remind me are not needed", () => {
    expect(parseReminder("call mum every Monday at 18:00", paris)).toMatchObject({
      understood: { title: "call mum", rrule: "FREQ=WEEKLY;BYDAY=MO" },
      span: { start: 9, end: 30, text: "every Monday at 18:00" },
      question: null,
    });
  });

  test("what is not understood is named", () => {
    expect(parseReminder("Hi! Remind me tomorrow at 9 or 10 to call", paris)).toMatchObject({
      understood: null,
      leftOver: "or 10",
      span: { start: 14, end: 27, text: "tomorrow at 9" },
    });
    expect(parseReminder("", paris)).toMatchObject({ understood: null, span: null, question: "When should I remind you?" });
  });

  test("a time relative to a date that only the caller knows keeps its offset and anchor", () => {
    expect(parseReminder("remind me to buy a gift three days before Dima's birthday", paris)).toMatchObject({
      understood: null,
      relative: { offset: "-P3D", anchor: "Dima's birthday" },
    });
  });

  test("an unknown zone is refused by name", () => {
    expect(() => parseReminder("tomorrow at 9", { ...paris, timezone: "Mars/Olympus" })).toThrow(/time zone/);
  });
});
