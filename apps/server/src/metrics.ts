import type { Meter } from "@mema/api";
import type { Db } from "@mema/db";
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from "prom-client";
import { createDeliveryMetrics } from "./delivery-metrics.ts";

/** What an operator watches, in Prometheus' text format. Labels are procedure names and codes, never ids or text. */
export interface Metrics {
  registry: Registry;
  contentType: string;
  observe(procedure: string, status: number, milliseconds: number): void;
  /** What the API tells of deliveries. */
  meter: Meter;
  text(): Promise<string>;
}

export function createMetrics(db: Db): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const requests = new Counter({
    name: "mema_requests_total",
    help: "Requests by procedure and status",
    labelNames: ["procedure", "status"],
    registers: [registry],
  });
  const seconds = new Histogram({
    name: "mema_request_seconds",
    help: "Time to answer a request",
    labelNames: ["procedure"],
    buckets: [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10],
    registers: [registry],
  });
  const connections = new Gauge({
    name: "mema_db_connections",
    help: "Connections of the application's pool by state",
    labelNames: ["state"],
    registers: [registry],
  });
  const { meter, refresh } = createDeliveryMetrics(db, registry);
  return {
    registry,
    meter,
    contentType: registry.contentType,
    observe: (procedure, status, milliseconds) => {
      requests.inc({ procedure, status });
      seconds.observe({ procedure }, milliseconds / 1000);
    },
    text: async () => {
      await refresh();
      for (const [state, count] of Object.entries(db.app.pool.counts)) connections.set({ state }, count);
      return registry.metrics();
    },
  };
}
