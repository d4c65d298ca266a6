import type { ServerType } from "@hono/node-server";

export interface ShutdownSteps {
  /** First: stop what starts new work (readiness, worker, live streams). */
  onDrain?: () => Promise<void> | void;
  /** Last, when no request is in flight: close the database. */
  onShutdown: () => Promise<void> | void;
  /** Milliseconds after which requests in flight are given up; 25,000. */
  timeoutMs?: number;
}

/**
 * Ends the process well on SIGTERM and SIGINT: drains, lets requests in flight finish, closes, exits 0. A second signal, or the timeout,
 * exits 1 at once. Returns the same as a function, for a shutdown without a signal.
 */
export function gracefulShutdown(server: ServerType, { onDrain, onShutdown, timeoutMs = 25_000 }: ShutdownSteps): () => Promise<void> {
  let stopping: Promise<void> | null = null;
  const stop = async () => {
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    await onDrain?.();
    // A keep-alive connection goes idle only when its last request has been answered.
    const sweep = setInterval(() => "closeIdleConnections" in server && server.closeIdleConnections(), 50);
    await closed;
    clearInterval(sweep);
    await onShutdown();
  };
  const onSignal = () => {
    if (stopping !== null) process.exit(1);
    setTimeout(() => process.exit(1), timeoutMs).unref();
    stopping = stop();
    stopping.then(
      () => process.exit(0),
      () => process.exit(1),
    );
  };
  process.on("SIGTERM", onSignal);
  process.on("SIGINT", onSignal);
  return () => (stopping ??= stop());
}
