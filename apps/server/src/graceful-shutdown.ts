import type { ServerType } from "@hono/node-server";

export interface ShutdownSteps {
  /** First, while requests are still taken: stop what starts new work (readiness, live streams, worker, which reports what it finished). */
  onDrain?: () => Promise<void> | void;
  /** Last, when no request is in flight: close the database. */
  onShutdown: () => Promise<void> | void;
  /** Told when it does not end well; the process exits 1 right after. */
  onForced?: (reason: string) => void;
  /** Milliseconds after which requests in flight are given up; 25,000. */
  timeoutMs?: number;
}

/**
 * Ends the process well on SIGTERM and SIGINT: drains, lets requests in flight finish, closes, exits 0. A second signal, or the timeout,
 * exits 1 at once. Returns the same as a function, for a shutdown without a signal.
 */
export function gracefulShutdown(
  server: ServerType,
  { onDrain, onShutdown, onForced, timeoutMs = 25_000 }: ShutdownSteps,
): () => Promise<void> {
  let stopping: Promise<void> | null = null;
  const stop = async () => {
    await onDrain?.();
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    // A keep-alive connection goes idle only when its last request has been answered.
    const sweep = setInterval(() => "closeIdleConnections" in server && server.closeIdleConnections(), 50);
    await closed;
    clearInterval(sweep);
    await onShutdown();
  };
  const force = (reason: string) => {
    onForced?.(reason);
    process.exit(1);
  };
  const onSignal = () => {
    if (stopping !== null) force("a second signal came");
    setTimeout(() => force(`not finished after ${timeoutMs} ms`), timeoutMs).unref();
    stopping = stop();
    stopping.then(
      () => process.exit(0),
      (error: unknown) => force(error instanceof Error ? error.name : "closing failed"),
    );
  };
  process.on("SIGTERM", onSignal);
  process.on("SIGINT", onSignal);
  return async () => {
    process.off("SIGTERM", onSignal);
    process.off("SIGINT", onSignal);
    await (stopping ??= stop());
  };
}
