/** What became of an occurrence that is decided; ahead: made before its time, and due from its time on. */
export type ModelState = "ahead" | "due" | "fired" | "snoozed" | "acknowledged" | "completed" | "skipped" | "missed";

/** Why a change was refused. */
export type Refused = "PRECONDITION_FAILED" | "CONFLICT";

interface Occurrence {
  state: ModelState;
  until: number | null;
}

interface Life {
  status: "active" | "paused" | "completed" | "cancelled";
  /** The first instant, and the minutes between them; null: once. */
  anchor: number;
  every: number | null;
  /** The first instant that is not decided. */
  next: number | null;
  decided: Map<number, Occurrence>;
}

/** Minutes before its time at which an occurrence is made. */
const aheadMinutes = 1;
const waiting: readonly ModelState[] = ["ahead", "due", "snoozed"];

/** A reminder as its promises describe it, in minutes: what reminders do, without tables, leases and deliveries. */
export class ReminderModel {
  life: Life;
  version = 1;
  #before: Life | null = null;
  #undone = false;
  #sentSince = false;
  /** A worker began to send something of it and died. */
  #inFlight = false;

  constructor(anchor: number, every: number | null) {
    this.life = { status: "active", anchor, every, next: anchor, decided: new Map() };
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

  undo(): Refused | null {
    if (this.#before === null || this.#undone) return "PRECONDITION_FAILED";
    if (this.#sentSince || this.#inFlight) return "CONFLICT";
    this.life = this.#before;
    this.#undone = true;
    this.version += 1;
    return null;
  }

  edit(now: number, minutes: number): Refused | null {
    return this.change((life) => {
      if (life.status !== "active" && life.status !== "paused") return "PRECONDITION_FAILED";
      dropWaiting(life);
      life.decided.delete(now + minutes);
      Object.assign(life, { anchor: now + minutes, every: null, next: now + minutes });
      return null;
    });
  }

  pause(): Refused | null {
    return this.change((life) => (life.status === "active" ? this.#end(life, "paused") : "PRECONDITION_FAILED"));
  }

  cancel(): Refused | null {
    return this.change((life) => (life.status === "cancelled" ? "PRECONDITION_FAILED" : this.#end(life, "cancelled")));
  }

  #end(life: Life, status: "paused" | "cancelled"): null {
    dropWaiting(life);
    Object.assign(life, { status, next: null });
    return null;
  }

  resume(now: number): Refused | null {
    return this.change((life) => {
      let next = firstAfter(life, now);
      if (life.status === "completed" && next !== null) life.decided.delete(next);
      while (next !== null && life.decided.has(next)) next = firstAfter(life, next);
      if (life.status === "active" || next === null) return "PRECONDITION_FAILED";
      Object.assign(life, { status: "active", next });
      return null;
    });
  }

  snooze(now: number, minutes: number): Refused | null {
    return this.change((life) => {
      if (life.status !== "active" && life.status !== "completed") return "PRECONDITION_FAILED";
      const at = unanswered(life, now) ?? takeNext(life, now) ?? latest(life, ["acknowledged", "missed"]);
      if (at === null) return "PRECONDITION_FAILED";
      life.decided.set(at, { state: "snoozed", until: now + minutes });
      life.status = "active";
      return null;
    });
  }

  answer(now: number, state: "acknowledged" | "completed" | "skipped"): Refused | null {
    return this.change((life) => {
      if (life.status !== "active" && life.status !== "completed") return "PRECONDITION_FAILED";
      const old = state === "skipped" ? null : unanswered(life, now);
      const at =
        old ??
        (state === "acknowledged" ? null : takeNext(life, now)) ??
        (state === "skipped" ? null : latest(life, ["acknowledged", "missed"]));
      if (at === null) return "PRECONDITION_FAILED";
      life.decided.set(at, { state, until: null });
      if (isOver(life)) life.status = "completed";
      return null;
    });
  }

  /** A worker's turn; one that dies in it has begun to send and says nothing. Returns how many messages were sent. */
  turn(now: number, dies: boolean): number {
    const { life } = this;
    if (life.status !== "active") return 0;
    const passed: number[] = [];
    for (; life.next !== null && life.next <= now; life.next = firstAfter(life, life.next)) passed.push(life.next);
    const [first] = passed;
    for (const [at, occurrence] of life.decided) {
      const unsent = occurrence.state === "due" || occurrence.state === "ahead";
      if (first !== undefined && at < first && unsent) Object.assign(occurrence, { state: "missed" });
    }
    for (const at of passed) this.#decide(at, at === passed.at(-1) ? "due" : "missed");
    for (; life.next !== null && life.next <= now + aheadMinutes; life.next = firstAfter(life, life.next)) this.#decide(life.next, "ahead");
    const ready = [...life.decided].flatMap(([at, occurrence]) => (isReady(at, occurrence, now) ? occurrence : []));
    if (ready.length === 0) return 0;
    if (dies) {
      this.#inFlight = true;
      return 0;
    }
    for (const occurrence of ready) Object.assign(occurrence, { state: "fired", until: null });
    this.#sentSince = true;
    if (isOver(life)) life.status = "completed";
    return ready.length;
  }

  /** What its user answered before its time stays as it is. */
  #decide(at: number, state: ModelState): void {
    if (!this.life.decided.has(at)) this.life.decided.set(at, { state, until: null });
  }

  /** The leases of a worker that died have run out. */
  reap(): void {
    this.#inFlight = false;
  }
}

/** The first instant of the rule after a moment. */
function firstAfter({ anchor, every }: Life, at: number): number | null {
  if (at < anchor) return anchor;
  return every === null ? null : anchor + (Math.floor((at - anchor) / every) + 1) * every;
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
  if (ahead.length > 0) return Math.min(...ahead);
  const { next } = life;
  if (next !== null) life.next = firstAfter(life, next);
  return next;
}

function dropWaiting({ decided }: Life): void {
  for (const [at, { state }] of decided) if (waiting.includes(state)) decided.delete(at);
}

const isReady = (at: number, { state, until }: Occurrence, now: number): boolean =>
  state === "due" || (state === "ahead" && at <= now) || (state === "snoozed" && until !== null && until <= now);

const isOver = ({ next, decided }: Life): boolean => next === null && ![...decided.values()].some(({ state }) => waiting.includes(state));
