import type { Meter } from "@mema/api";
import { createWorkerNodeRepository, createWorkerStatsRepository, databaseClock, type Db, withWorker } from "@mema/db";
import { tryCatch } from "@mema/shared";
import { Counter, Gauge, Histogram, type Registry } from "prom-client";

/** What the database is asked for at most so often, however many look. */
const freshMs = 5_000;

/**
 * How deliveries go: what this server saw happen (counters; add them up over servers) and how the database is now (gauges; the same on every
 * server). Labels are types of channels and outcomes, never an id of a user, an address or a text.
 */
export function createDeliveryMetrics(db: Db, registry: Registry): { meter: Meter; refresh: () => Promise<void> } {
  const registers = [registry];
  const startDelay = new Histogram({
    name: "mema_start_delay_seconds",
    help: "From due to the begin of the send, by the database's clock; first attempts that were not put off on purpose",
    labelNames: ["channel"],
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 30, 120, 600],
    registers,
  });
  const attempts = new Counter({
    name: "mema_attempts_total",
    help: "Ended attempts by type of channel and outcome",
    labelNames: ["channel", "outcome"],
    registers,
  });
  const lost = new Counter({ name: "mema_leases_lost_total", help: "Leases that a worker thought it had", registers });
  const reaped = new Counter({
    name: "mema_deliveries_reaped_total",
    help: "Deliveries taken back from workers that went away",
    registers,
  });
  const lag = new Gauge({ name: "mema_due_lag_seconds", help: "Age of the oldest due delivery that nobody works on", registers });
  const rules = new Gauge({ name: "mema_due_reminders", help: "Reminders whose rule has to be looked at now", registers });
  const workers = new Gauge({ name: "mema_workers_alive", help: "Workers heard of in the last minute, without draining ones", registers });
  const deliveries = new Gauge({
    name: "mema_deliveries",
    help: "Deliveries by type of channel and state: due, in_flight, lapsed, failed, dead, unknown",
    labelNames: ["channel", "state"],
    registers,
  });
  const channels = new Gauge({
    name: "mema_channels",
    help: "Channels by type and state: usable, disabled, failing, circuit_open",
    labelNames: ["channel", "state"],
    registers,
  });

  const read = async (): Promise<void> => {
    const [now, error] = await tryCatch(
      withWorker(db, async (tx) => ({
        ...(await createWorkerStatsRepository(tx).counts(databaseClock)),
        workers: await createWorkerNodeRepository(tx).list(databaseClock),
      })),
    );
    for (const gauge of [deliveries, channels]) gauge.reset();
    // No figure is better than an old one: a database that cannot be asked shows in /readyz.
    for (const gauge of [lag, rules, workers]) if (error !== null) gauge.set(Number.NaN);
    if (error !== null) return;
    lag.set(now.lagSeconds);
    rules.set(now.dueReminders);
    workers.set(now.workers.filter(({ alive, drainingAt }) => alive && drainingAt === null).length);
    for (const { type: channel, due, inFlight, lapsed, failed, dead, unknown, usable, disabled, failing, paused } of now.channels) {
      const states = { due, in_flight: inFlight, lapsed, failed, dead, unknown };
      for (const [state, count] of Object.entries(states)) deliveries.set({ channel, state }, count);
      for (const [state, count] of Object.entries({ usable, disabled, failing, circuit_open: paused }))
        channels.set({ channel, state }, count);
    }
  };
  let reading: Promise<void> | null = null;
  return {
    meter: {
      begun: (channel, delaySeconds) => {
        if (delaySeconds !== null) startDelay.observe({ channel }, delaySeconds);
      },
      ended: (channel, outcome) => attempts.inc({ channel, outcome }),
      lost: (count) => lost.inc(count),
      reaped: (count) => reaped.inc(count),
    },
    refresh: () => {
      if (reading === null) {
        reading = read();
        setTimeout(() => (reading = null), freshMs).unref();
      }
      return reading;
    },
  };
}
