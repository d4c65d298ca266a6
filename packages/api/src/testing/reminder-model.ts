/** What became of an occurrence that is decided; ahead: made before its time, and due from its time on. */
export type ModelState = "ahead" | "due" | "fired" | "snoozed" | "acknowledged" | "completed" | "skipped" | "missed";

/** Why a change was refused. */
export type Refused = "PRECONDITION_FAILED" | "CONFLICT";

interface Occurrence {
  state: ModelState;
  until: number | null;
  /** What waits to be sent, and since when it may be. */
  steps: Map<string, number>;
}

interface Life {
  status: "active" | "paused" | "completed" | "cancelled" | "expired";
  /** The first instant, the minutes between them (null: once), and how many there are. */
  anchor: number;
  every: number | null;
  count: number | null;
  /** Minutes before and after the time, in the order in which they come. */
  alerts: number[];
  nag: number[];
  fired: number;
  /** The first instant that is not decided. */
  next: number | null;
  decided: Map<number, Occurrence>;
}

/** Minutes before its first alert at which an occurrence is made. */
const aheadMinutes = 1;
/** Deaths of workers while they sent it, after which a message is given up. */
const mostDeaths = 5;
const waiting: readonly ModelState[] = ["ahead", "due", "snoozed"];

type Definition = Pick<Life, "anchor" | "every" | "count" | "alerts" | "nag">;

/** A reminder as its promises describe it, in minutes: what reminders do, without tables, leases and deliveries. */
export class ReminderModel {
  life: Life;
  version = 1;
  #before: Life | null = null;
  #undone = false;
  #sentSince = false;
  /** Messages that are over for good, by instant and step, and instants of which something was sent. */
  readonly #over = new Set<string>();
  readonly #told = new Set<number>();
  readonly #deaths = new Map<string, number>();
  /** Begun by workers that died, and of these what was withdrawn meanwhile. */
  readonly #inFlight = new Set<string>();
  readonly #withdrawn = new Map<string, number>();

  constructor(definition: Definition) {
    this.life = { ...definition, status: "active", next: definition.anchor, fired: 0, decided: new Map() };
  }

  /** Changes it as a user does, and keeps what was there for undo. Nothing is changed when `body` refuses. */
  change(body: (life: Life) => Refused | null): Refused | null {
    const before = structuredClone(this.life);
    const refused = body(this.life);
    if (refused !== null) {
      this.life = before;
      return refused;
    }
    this.#before = before;
    this.#undone = false;
    this.#sentSince = false;
    this.version += 1;
    return null;
  }

  undo(now: number): Refused | null {
    if (this.#before === null || this.#undone) return "PRECONDITION_FAILED";
    if (this.#sentSince || this.#inFlight.size > 0) return "CONFLICT";
    const missed = [...this.life.decided].filter(([, { state }]) => state === "missed");
    this.life = this.#before;
    for (const [at, occurrence] of missed) if (!this.life.decided.has(at)) this.life.decided.set(at, occurrence);
    for (const [at, { steps }] of this.life.decided) {
      for (const step of steps.keys()) if (this.#over.has(key(at, step))) steps.delete(step);
      // Of what is past, only the last is sent yet.
      const past = [...steps].filter(([, due]) => due <= now).toSorted(([, a], [, b]) => a - b);
      for (const [step] of past.slice(0, -1)) steps.delete(step);
    }
    this.#undone = true;
    this.version += 1;
    return null;
  }

  /** Once, so many minutes from now, instead of when it was due. */
  edit(now: number, minutes: number): Refused | null {
    return this.change((life) => {
      if (life.status !== "active" && life.status !== "paused") return "PRECONDITION_FAILED";
      this.#planAnew(life, now + minutes);
      return null;
    });
  }

  /** An ended one, once more. */
  reopen(now: number, minutes: number): Refused | null {
    return this.change((life) => {
      if (life.status === "active" || life.status === "paused") return "PRECONDITION_FAILED";
      Object.assign(life, { status: "active", fired: 0 });
      this.#planAnew(life, now + minutes);
      return null;
    });
  }

  #planAnew(life: Life, at: number): void {
    this.#withdrawAll(life);
    life.decided.delete(at);
    Object.assign(life, { anchor: at, every: null, count: null, next: at });
  }

  editAlerts(now: number, alerts: number[]): Refused | null {
    const unseen = structuredClone(this.life);
    // What is due is decided first, and stays decided when the change is undone.
    if (this.life.status === "active") this.#expand(this.life, now);
    const refused = this.change((life) => {
      if (life.status !== "active" && life.status !== "paused") return "PRECONDITION_FAILED";
      life.alerts = alerts;
      for (const [at, occurrence] of life.decided) {
        if (occurrence.state !== "ahead" || at <= now) continue;
        this.#withdraw(at, occurrence);
        life.decided.delete(at);
      }
      life.next = firstOpen(life, now);
      return null;
    });
    if (refused !== null) this.life = unseen;
    return refused;
  }

  pause(): Refused | null {
    return this.change((life) => (life.status === "active" ? this.#end(life, "paused") : "PRECONDITION_FAILED"));
  }

  cancel(): Refused | null {
    return this.change((life) => (life.status === "cancelled" ? "PRECONDITION_FAILED" : this.#end(life, "cancelled")));
  }

  #end(life: Life, status: "paused" | "cancelled"): null {
    this.#withdrawAll(life);
    Object.assign(life, { status, next: null });
    return null;
  }

  resume(now: number): Refused | null {
    return this.change((life) => {
      const next = life.status === "completed" ? firstAfter(life, now) : firstOpen(life, now);
      if (life.status === "active" || next === null) return "PRECONDITION_FAILED";
      if (life.status === "completed") life.decided.delete(next);
      Object.assign(life, { status: "active", next });
      return null;
    });
  }

  snooze(now: number, minutes: number): Refused | null {
    return this.change((life) => {
      if (life.status === "paused" || life.status === "cancelled") return "PRECONDITION_FAILED";
      const at = this.#soonestTold(life, now) ?? unanswered(life, now) ?? takeNext(life, now) ?? latest(life, ["acknowledged", "missed"]);
      const occurrence = at === null ? undefined : life.decided.get(at);
      if (at === null || occurrence === undefined) return "PRECONDITION_FAILED";
      this.#withdraw(at, occurrence);
      Object.assign(occurrence, { state: "snoozed", until: now + minutes });
      this.#enqueue(at, occurrence, `snooze:${now + minutes}`, now + minutes);
      life.status = "active";
      return null;
    });
  }

  answer(now: number, state: "acknowledged" | "completed" | "skipped"): Refused | null {
    return this.change((life) => {
      if (life.status === "paused" || life.status === "cancelled") return "PRECONDITION_FAILED";
      const at =
        this.#soonestTold(life, now) ??
        (state === "skipped" ? null : unanswered(life, now)) ??
        (state === "acknowledged" ? null : takeNext(life, now)) ??
        (state === "skipped" ? null : latest(life, ["acknowledged", "missed"]));
      const occurrence = at === null ? undefined : life.decided.get(at);
      if (at === null || occurrence === undefined) return "PRECONDITION_FAILED";
      this.#withdraw(at, occurrence);
      Object.assign(occurrence, { state, until: null });
      const goesOn = [...life.decided.values()].some((one) => waiting.includes(one.state) || one.steps.size > 0);
      if (life.status === "active" && life.next === null && !goesOn) life.status = "completed";
      return null;
    });
  }

  /** What an early alert has told of: the soonest. */
  #soonestTold({ decided }: Life, now: number): number | null {
    const told = [...decided].filter(([at, { state }]) => state === "ahead" && at > now && this.#told.has(at)).map(([at]) => at);
    return told.length === 0 ? null : Math.min(...told);
  }

  /** A worker's turn; one that dies in it has begun to send and says nothing. Returns how many messages were sent. */
  turn(now: number, dies: boolean): number {
    const { life } = this;
    if (life.status === "active") this.#expand(life, now);
    let ended = this.#withdrawn.size > 0;
    for (const one of this.#withdrawn.keys()) this.#over.add(one);
    this.#withdrawn.clear();
    if (life.status !== "active") return 0;
    let sent = 0;
    for (const [at, occurrence] of life.decided) {
      const ready = [...occurrence.steps].flatMap(([step, due]) => (due <= now ? step : []));
      const going = ready.filter((step) => {
        const deaths = this.#deaths.get(key(at, step)) ?? 0;
        if (deaths < mostDeaths) return true;
        this.#finish(at, occurrence, step);
        ended = true;
        return false;
      });
      for (const step of going) {
        const one = key(at, step);
        if (dies) {
          this.#inFlight.add(one);
          this.#deaths.set(one, (this.#deaths.get(one) ?? 0) + 1);
          continue;
        }
        this.#finish(at, occurrence, step);
        this.#told.add(at);
        sent += 1;
      }
      if (!dies && going.length > 0) fire(life, at, occurrence, now);
    }
    if (sent > 0) this.#sentSince = true;
    if ((ended || sent > 0) && life.next === null && !this.#isOpen(life)) life.status = life.fired > 0 ? "completed" : "expired";
    return sent;
  }

  #finish(at: number, { steps }: Occurrence, step: string): void {
    steps.delete(step);
    this.#over.add(key(at, step));
  }

  /** Decides what is due by now, and makes what comes soon. */
  #expand(life: Life, now: number): void {
    const horizon = now + aheadMinutes + Math.max(0, ...life.alerts);
    if (life.next === null || life.next > horizon) return;
    const passed: number[] = [];
    for (; life.next !== null && life.next <= now; life.next = firstAfter(life, life.next)) passed.push(life.next);
    const coming: number[] = [];
    for (; life.next !== null && life.next <= horizon; life.next = firstAfter(life, life.next)) coming.push(life.next);
    const [first] = passed;
    for (const [at, occurrence] of life.decided) {
      if (first === undefined || at >= first || (occurrence.state !== "due" && occurrence.state !== "ahead")) continue;
      this.#withdraw(at, occurrence);
      occurrence.state = "missed";
    }
    let queued = 0;
    for (const at of passed) queued += this.#make(life, at, at === passed.at(-1) ? "due" : "missed", now);
    for (const at of coming) queued += this.#make(life, at, "ahead", now);
    if (life.next === null && queued === 0 && !this.#isOpen(life)) life.status = "expired";
  }

  /** What its user answered before its time stays as it is. Returns how many messages wait for it. */
  #make(life: Life, at: number, state: "ahead" | "due" | "missed", now: number): number {
    if (life.decided.has(at)) return 0;
    const occurrence: Occurrence = { state, until: null, steps: new Map() };
    life.decided.set(at, occurrence);
    if (state === "missed") return 0;
    const alerts = life.alerts.length === 0 ? [0] : state === "due" ? life.alerts.slice(-1) : life.alerts;
    for (const before of alerts) this.#enqueue(at, occurrence, `alert:${before}`, at - before);
    for (const [index, later] of life.nag.entries()) if (at + later > now) this.#enqueue(at, occurrence, `nag:${index + 1}`, at + later);
    if (state === "ahead" && occurrence.steps.size === 0) this.#enqueue(at, occurrence, "alert:0", at);
    return occurrence.steps.size;
  }

  #enqueue(at: number, { steps }: Occurrence, step: string, due: number): void {
    this.#withdrawn.delete(key(at, step));
    if (!this.#over.has(key(at, step))) steps.set(step, due);
  }

  #withdraw(at: number, { steps }: Occurrence): void {
    for (const [step, due] of steps) if (this.#inFlight.has(key(at, step))) this.#withdrawn.set(key(at, step), due);
    steps.clear();
  }

  #withdrawAll({ decided }: Life): void {
    for (const [at, occurrence] of decided) {
      this.#withdraw(at, occurrence);
      if (waiting.includes(occurrence.state)) decided.delete(at);
    }
  }

  /** When what is neither sent nor taken back is due, the soonest first. */
  get open(): number[] {
    const waits = [...this.life.decided.values()].flatMap(({ steps }) => [...steps.values()]);
    return [...waits, ...this.#withdrawn.values()].toSorted((a, b) => a - b);
  }

  #isOpen = ({ decided }: Life): boolean => this.#withdrawn.size > 0 || [...decided.values()].some(({ steps }) => steps.size > 0);

  /** The leases of a worker that died have run out. */
  reap(): void {
    this.#inFlight.clear();
  }
}

const key = (at: number, step: string): string => `${at} ${step}`;

/** It has fired when it was told of at its time, or by its last alert before it, or after its snooze. */
function fire(life: Life, at: number, occurrence: Occurrence, now: number): void {
  const moreAlerts = [...occurrence.steps].some(([step, due]) => step.startsWith("alert:") && due > now);
  const timely = !moreAlerts || at <= now || occurrence.state === "snoozed";
  if (!waiting.includes(occurrence.state) || !timely) return;
  Object.assign(occurrence, { state: "fired", until: null });
  life.fired += 1;
}

/** The first instant of the rule after a moment. */
function firstAfter({ anchor, every, count }: Life, at: number): number | null {
  if (at < anchor) return anchor;
  if (every === null) return null;
  const index = Math.floor((at - anchor) / every) + 1;
  return count !== null && index >= count ? null : anchor + index * every;
}

/** The first instant after a moment that its user has not answered ahead of it. */
function firstOpen(life: Life, now: number): number | null {
  let next = firstAfter(life, now);
  while (next !== null && life.decided.has(next) && life.decided.get(next)?.state !== "ahead") next = firstAfter(life, next);
  return next;
}

function latest({ decided }: Life, states: readonly ModelState[]): number | null {
  const found = [...decided].filter(([, { state }]) => states.includes(state)).map(([at]) => at);
  return found.length === 0 ? null : Math.max(...found);
}

function unanswered({ decided }: Life, now: number): number | null {
  const found = [...decided].filter(([at, { state }]) => ["fired", "due", "snoozed"].includes(state) || (state === "ahead" && at <= now));
  return found.length === 0 ? null : Math.max(...found.map(([at]) => at));
}

/** The next instant, decided by its user before its time. */
function takeNext(life: Life, now: number): number | null {
  const ahead = [...life.decided].filter(([at, { state }]) => state === "ahead" && at > now).map(([at]) => at);
  const made = ahead.length === 0 ? null : Math.min(...ahead);
  let { next } = life;
  while (next !== null && life.decided.has(next)) next = firstAfter(life, next);
  if (made !== null && (next === null || made <= next)) return made;
  if (next === null) return null;
  life.decided.set(next, { state: "ahead", until: null, steps: new Map() });
  life.next = firstAfter(life, next);
  return next;
}
