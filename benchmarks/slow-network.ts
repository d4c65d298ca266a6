import { connect, createServer, type Socket } from "node:net";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";

/** A way to the server at `url` that adds `milliseconds` to a round trip, in a thread of its own. */
export async function slowNetwork(
  url: string,
  milliseconds: number,
): Promise<{ url: (original: string) => string; close: () => Promise<number> }> {
  const { hostname, port } = new URL(url);
  const worker = new Worker(new URL(import.meta.url), { workerData: { host: hostname, port: Number(port || 5432), milliseconds } });
  const own = await new Promise<number>((resolve) => worker.once("message", resolve));
  return {
    url: (original) => Object.assign(new URL(original), { hostname: "127.0.0.1", port: String(own) }).href,
    close: () => worker.terminate(),
  };
}

interface Settings {
  host: string;
  port: number;
  milliseconds: number;
}

/** Timers are too coarse for half a millisecond: what travels is looked at in every turn of the event loop. */
function serve({ host, port, milliseconds }: Settings): void {
  const travelling: { at: number; to: Socket; chunk: Buffer }[] = [];
  const deliver = () => {
    while (travelling[0] !== undefined && travelling[0].at <= performance.now()) {
      const arrived = travelling.shift();
      arrived?.to.write(arrived.chunk);
    }
    if (travelling.length > 0) setImmediate(deliver);
  };
  const forward = (from: Socket, to: Socket) => {
    from.on("data", (chunk) => {
      travelling.push({ at: performance.now() + milliseconds / 2, to, chunk: Buffer.from(chunk) });
      if (travelling.length === 1) setImmediate(deliver);
    });
    from.on("close", () => to.destroy()).on("error", () => to.destroy());
  };
  const server = createServer({ noDelay: true }, (client) => {
    const upstream = connect({ host, port, noDelay: true });
    forward(client, upstream);
    forward(upstream, client);
  });
  server.listen(0, "127.0.0.1", () => {
    const address = server.address();
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a worker thread, not a window
    parentPort?.postMessage(address !== null && typeof address === "object" ? address.port : 0);
  });
}

if (!isMainThread) serve(workerData as Settings);
