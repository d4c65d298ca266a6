/** Which tests show that a fault is survived: the suites they run in, and how their names begin. */
export interface Fault {
  fault: string;
  project: "worker" | "server" | "api" | "db" | "shared" | "embedded";
  file: string;
  tests: string[];
  /** Only where the fault can happen. */
  only?: "postgres" | "embedded";
  /** Pure arithmetic: a second time would say nothing. */
  once?: true;
}

const worker = (file: string, fault: string, ...tests: string[]): Fault => ({
  fault,
  project: "worker",
  file: `apps/worker/src/${file}.test.ts`,
  tests,
});
const api = (file: string, fault: string, ...tests: string[]): Fault => ({
  fault,
  project: "api",
  file: `packages/api/src/${file}.test.ts`,
  tests,
});
const postgres = (fault: Fault): Fault => ({ ...fault, only: "postgres" });

/** Every fault that reminders have to survive, and what shows it. `npm run faults` runs them. */
export const faults: readonly Fault[] = [
  worker(
    "faults",
    "kill -9 before the send",
    "a worker killed before anything was due",
    "a worker killed before its message was handed over",
  ),
  worker("faults", "kill -9 between the send and its report", "a worker killed between the send and its report"),
  postgres(worker("database-faults", "kill -9 in the middle of expanding", "the server is killed in the middle of expanding")),
  worker("faults", "kill -9 of server and worker", "server and worker killed with a reminder ahead", "a worker outlives its server"),
  worker("faults", "SIGSTOP past the lease, then SIGCONT", "a worker that was stopped past its lease"),
  worker("faults", "2 and 8 workers on 10,000 due: processes", "2 worker processes", "8 worker processes"),
  api(
    "services/reminder-faults",
    "2 and 8 workers on 10,000 due of 5 users",
    "2 workers on what is due at once",
    "8 workers on what is due at once",
  ),
  postgres(
    worker(
      "database-faults",
      "database stopped in immediate mode in mid-batch",
      "PostgreSQL is stopped as by a power cut and started again three times",
    ),
  ),
  postgres(
    worker(
      "database-faults",
      "database stopped in immediate mode every 5 to 10 s",
      "PostgreSQL is stopped as by a power cut every 5 to 10 s",
    ),
  ),
  postgres(worker("faults", "connections of the database ended in mid-batch", "10 ends of the database's connections")),
  postgres(worker("database-faults", "LISTEN connection black-holed", "the connection that wake-ups arrive on goes dark")),
  worker("faults", "worker's clock wrong by an hour", "a worker whose clock is wrong by"),
  worker(
    "webhook-faults",
    "slow, huge and redirecting webhook",
    "an endpoint that never answers",
    "an endpoint that answers without end",
    "a redirect is not followed",
  ),
  api("services/channel-health", "endpoint down for hours", "an endpoint that is down for hours"),
  worker(
    "webhook-faults",
    "429, 410, 404, 500, 503, hang-up",
    "410 ends the delivery",
    "429 with Retry-After",
    "404 is tried again",
    "500 is tried again",
    "503 is tried again",
    "an endpoint that hangs up",
  ),
  worker(
    "webhook-faults",
    "TLS and DNS failures",
    "an endpoint whose certificate is not trusted any more",
    "an endpoint whose name does not resolve any more",
    "a name that does not resolve",
    "an endpoint without a valid certificate",
  ),
  api("services/reminder-faults", "poison payload", "a message that ends its worker every time"),
  { ...api("services/reminders", "rule that cannot be expanded"), tests: ["a rule that cannot be expanded ends its own reminder"] },
  {
    fault: "never-matching and huge rules",
    project: "shared",
    file: "packages/shared/src/recurrence/check-schedule.test.ts",
    tests: ["refuses"],
    only: "embedded",
    once: true,
  },
  api("services/reminder-faults", "100,000 due at once, 99,000 of one user", "with nearly everything due of one user"),
  api("services/reminders", "3 days down, every 5 minutes", "after three days down"),
  api("services/reminder-faults", "clock changes: New York, Cairo, Lord Howe, Apia", "New York", "Cairo", "Apia", "Lord Howe"),
  api(
    "services/reminder-strands",
    "user changes zone",
    "what was overdue and not looked at when a user changed zone",
    "a one-time reminder that is overdue when its user changes zone",
  ),
  api("services/sending", "edit, cancel, snooze, acknowledge racing the claim, 1,000 interleavings", "after an edit, cancel, pause"),
  api("services/reminder-faults", "user deleted in mid-delivery: the settlement", "a user who is deleted in the middle of a delivery"),
  worker("faults", "user deleted in mid-delivery: processes", "a user who deletes the account while a message is sent"),
  api("routers/worker", "worker credential on user procedures, and the reverse", "the service key opens no user procedure"),
  api("services/reminders", "50 parallel creates with one dedupe key", "50 parallel creates with one dedupe key"),
  worker("faults", "SIGTERM with 50 in flight, SIGTERM twice", "SIGTERM with 50 sends in flight", "SIGTERM twice"),
  {
    fault: "a second process on the embedded data folder",
    project: "server",
    file: "apps/server/src/start-up.test.ts",
    tests: ["a second server, or a migration, on the folder of a running one"],
    only: "embedded",
  },
  worker(
    "email",
    "SMTP drops before 250, mail server away",
    "a server that drops the connection before its 250",
    "a mail server that is away",
  ),
];
