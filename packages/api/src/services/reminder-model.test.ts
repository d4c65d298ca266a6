import { clockAt, type UserTransaction } from "@mema/db";
import { AppError } from "@mema/shared";
import { testEnvironment } from "@mema/db/testing";
import { assert, asyncModelRun, type AsyncCommand, asyncProperty, commands, constantFrom, integer, record } from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ReminderModel } from "../testing/reminder-model.ts";
import { ReminderStage } from "../testing/reminder-stage.ts";
import { acknowledgeReminder, cancelReminder, completeReminder, pauseReminder, skipOccurrence, snoozeReminder } from "./reminder-life.ts";
import { reopenReminder, resumeReminder } from "./reminder-reopen.ts";
import { undoLastChange } from "./reminder-undo.ts";
import { updateReminder } from "./reminders.ts";

const start = new Date("2026-11-22T12:00:00Z").getTime();
const instant = (minute: number) => new Date(start + minute * 60_000);
const minuteOf = (at: Date) => (at.getTime() - start) / 60_000;

let stage: ReminderStage;
beforeAll(async () => {
  stage = await ReminderStage.open();
});
afterAll(() => stage.close());

interface Model {
  minute: number;
  reminders: ReminderModel[];
}
interface Real {
  ids: string[];
}
type Command = AsyncCommand<Model, Real>;

/** A step after which both worlds must be the same. */
function step(name: string, run: (model: Model, real: Real) => Promise<void>, check: (model: Model) => boolean = () => true): Command {
  return {
    check,
    toString: () => name,
    run: async (model, real) => {
      await run(model, real);
      for (const [index, id] of real.ids.entries()) await compare(model.reminders[index], id, model.minute);
    },
  };
}

async function compare(expected: ReminderModel | undefined, id: string, minute: number): Promise<void> {
  const row = await stage.row(id);
  const history = await stage.history(id);
  const decided = history
    .map(([at, status]): [number, string] => [minuteOf(new Date(at)), status])
    // A row that was made ahead of its time is due from its time on.
    .map(([at, status]) => [at, status === "upcoming" && at <= minute ? "due" : status])
    .filter(([, status]) => status !== "cancelled" && status !== "upcoming");
  const { life, version } = expected ?? { life: null, version: 0 };
  const planned = [...(life?.decided ?? [])]
    .map(([at, { state }]): [number, string] => [at, state === "ahead" && at <= minute ? "due" : state])
    .filter(([, state]) => state !== "ahead")
    .toSorted(([a], [b]) => b - a);
  const open = (await stage.deliveries(id))
    .filter(({ settledAt }) => settledAt === null)
    .map(({ dueAt }) => minuteOf(dueAt))
    .toSorted((a, b) => a - b);
  const promised = { status: life?.status, version, decided: planned, open: expected?.open };
  expect({ status: row.status, version: row.version, decided, open }).toEqual(promised);
}

type Change = (tx: UserTransaction, id: string, version: number, now: ReturnType<typeof clockAt>) => Promise<unknown>;

/** A change that a user asks for: both worlds make it, or both refuse it for the same reason. */
function change(name: string, which: number, real: Change, model: (reminder: ReminderModel, now: number) => string | null): Command {
  return step(
    `${name} #${which}`,
    async (world, { ids }) => {
      const index = which % ids.length;
      const reminder = world.reminders[index];
      const id = ids[index];
      if (reminder === undefined || id === undefined) return;
      const { version } = reminder;
      const outcome = await stage
        .asUser((tx) => real(tx, id, version, clockAt(instant(world.minute))))
        .then(
          () => null,
          (error: unknown) => (error instanceof AppError ? error.code : error),
        );
      expect(outcome).toBe(model(reminder, world.minute));
    },
    ({ reminders }) => reminders.length > 0,
  );
}

interface Definition {
  minutes: number;
  repeats: boolean;
  count: number | null;
  alerts: number[];
  nag: number[];
}

const alertsOf = (minutes: readonly number[]) => minutes.map((before) => ({ beforeSeconds: before * 60 }));

const create = ({ minutes, repeats, count, alerts, nag }: Definition): Command =>
  step(
    `create ${repeats ? "every" : "in"} ${minutes} min, ${count ?? "no"} count, alerts and nags ${JSON.stringify([alerts, nag])}`,
    async (model, real) => {
      const series = { every: { seconds: minutes * 60 }, ...(count === null ? {} : { countTotal: count }) };
      const behaviour = { alerts: alertsOf(alerts), nag: nag.map((later) => later * 60) };
      const { id } = await stage.create({ ...(repeats ? series : { in: `PT${minutes}M` }), ...behaviour }, instant(model.minute));
      real.ids.push(id);
      const rule = { anchor: model.minute + minutes, every: repeats ? minutes : null, count: repeats ? count : null };
      model.reminders.push(new ReminderModel({ ...rule, alerts, nag }));
    },
  );

/** The clock goes on; the worker looks at the end only, as after a downtime, or dies in the middle of its turn. */
const advance = (minutes: number, dies: boolean): Command =>
  step(`${minutes} min pass${dies ? ", the worker dies while sending" : ""}`, async (model) => {
    model.minute += minutes;
    const at = instant(model.minute);
    for (const reminder of model.reminders) reminder.reap();
    const expected = model.reminders.map((reminder) => reminder.turn(model.minute, dies)).reduce((sum, sent) => sum + sent, 0);
    if (!dies) {
      expect(await stage.worker.turn(at)).toHaveLength(expected);
      return;
    }
    await stage.worker.reap(at);
    await stage.worker.expand(at);
    const claimed = await stage.worker.claim(at);
    if (claimed.length > 0) await stage.worker.begin(claimed, at);
  });

const which = integer({ min: 0, max: 5 });
const minutes = integer({ min: 1, max: 12 });
const alerts = constantFrom<number[]>([], [], [4], [3, 0], [6, 2]);
const allCommands = [
  record({
    minutes: integer({ min: 2, max: 13 }),
    repeats: constantFrom(true, false),
    count: constantFrom(null, 1, 2, 3),
    alerts,
    nag: constantFrom<number[]>([], [], [2], [1, 5]),
  }).map(create),
  record({ minutes, dies: constantFrom(false, false, false, true) }).map(({ minutes: length, dies }) => advance(length, dies)),
  record({ minutes, dies: constantFrom(false, true) }).map(({ minutes: length, dies }) => advance(length, dies)),
  record({ which, minutes }).map((to) =>
    change(
      `edit to ${to.minutes} min from now`,
      to.which,
      (tx, id, version, now) => updateReminder(tx, id, version, { in: `PT${to.minutes}M` }, now),
      (reminder, now) => reminder.edit(now, to.minutes),
    ),
  ),
  record({ which, minutes }).map((by) =>
    change(
      `snooze for ${by.minutes} min`,
      by.which,
      (tx, id, version, now) => snoozeReminder(tx, { id, version }, { for: `PT${by.minutes}M` }, now),
      (reminder, now) => reminder.snooze(now, by.minutes),
    ),
  ),
  which.map((one) =>
    change(
      "acknowledge",
      one,
      (tx, id, version, now) => acknowledgeReminder(tx, { id, version }, now),
      (reminder, now) => reminder.answer(now, "acknowledged"),
    ),
  ),
  which.map((one) =>
    change(
      "complete",
      one,
      (tx, id, version, now) => completeReminder(tx, { id, version }, now),
      (reminder, now) => reminder.answer(now, "completed"),
    ),
  ),
  which.map((one) =>
    change(
      "skip",
      one,
      (tx, id, version, now) => skipOccurrence(tx, { id, version }, now),
      (reminder, now) => reminder.answer(now, "skipped"),
    ),
  ),
  which.map((one) =>
    change(
      "pause",
      one,
      (tx, id, version, now) => pauseReminder(tx, { id, version }, now),
      (reminder) => reminder.pause(),
    ),
  ),
  which.map((one) =>
    change(
      "resume",
      one,
      (tx, id, version, now) => resumeReminder(tx, { id, version }, now),
      (reminder, now) => reminder.resume(now),
    ),
  ),
  which.map((one) =>
    change(
      "cancel",
      one,
      (tx, id, version, now) => cancelReminder(tx, { id, version }, now),
      (reminder) => reminder.cancel(),
    ),
  ),
  which.map((one) =>
    change(
      "undo",
      one,
      (tx, id, version, now) => undoLastChange(tx, { id, version }, now),
      (reminder, now) => reminder.undo(now),
    ),
  ),
  record({ which, alerts }).map((to) =>
    change(
      `alerts ${JSON.stringify(to.alerts)}`,
      to.which,
      (tx, id, version, now) => updateReminder(tx, id, version, { alerts: alertsOf(to.alerts) }, now),
      (reminder, now) => reminder.editAlerts(now, to.alerts),
    ),
  ),
  record({ which, minutes }).map((to) =>
    change(
      `reopen in ${to.minutes} min`,
      to.which,
      (tx, id, version, now) => reopenReminder(tx, { id, version, in: `PT${to.minutes}M` }, now),
      (reminder, now) => reminder.reopen(now, to.minutes),
    ),
  ),
];

test("whatever users, the clock and dying workers do, reminders live as the model says: no message lost, none sent twice", async () => {
  const [numRuns, maxCommands] = testEnvironment.scale === "full" ? [500, 60] : [25, 30];
  await assert(
    asyncProperty(commands(allCommands, { maxCommands, size: "max" }), async (program) => {
      await stage.begin("UTC");
      await asyncModelRun(() => ({ model: { minute: 0, reminders: [] }, real: { ids: [] } }), program);
    }),
    // The pipeline runs the same programs every time; full scale looks for new ones.
    { numRuns, endOnFailure: false, ...(testEnvironment.scale === "full" ? {} : { seed: 20261121 }) },
  );
}, 1_200_000);
