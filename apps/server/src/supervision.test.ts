import { afterEach, beforeEach, expect, test } from "vitest";
import { createServerHome, type ServerHome, type ServerProcess } from "./testing/server-process.ts";

let home: ServerHome;
let server: ServerProcess;
beforeEach(async () => {
  home = await createServerHome();
  // The requests of a worker are logged at this level only.
  server = await home.start({ MEMA_WORKER: "on", LOG_LEVEL: "debug", MEMA_BOOTSTRAP_KEY: "canary-key-of-this-test-0123456789" });
});
afterEach(() => home.remove());

const workerOf = (running: ServerProcess) => Number(/supervised, pid (\d+)/.exec(running.output())?.[1]);

/** Resolves when no process has this id any more. A process that is not one's own child gives no signal of its end: it is looked for. */
async function gone(pid: number): Promise<void> {
  for (;;) {
    try {
      process.kill(pid, 0);
    } catch {
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

test("the worker works for the server, and ends with it on SIGTERM", async () => {
  const pid = workerOf(server);
  await server.printed(/"worker started"/);
  await server.printed(/"procedure":"worker\.\w+","status":200/);
  expect(await server.end("SIGTERM")).toBe(0);
  await gone(pid);
  expect(server.output()).not.toContain("canary");
});

test("a worker that dies is started again", async () => {
  await server.printed(/"worker started"/);
  process.kill(workerOf(server), "SIGKILL");
  await server.printed(/worker ended; starting it again[^]*"worker started"/);
  expect(await server.end("SIGTERM")).toBe(0);
});

test("a server that is killed leaves no worker behind", async () => {
  const pid = workerOf(server);
  await server.printed(/"worker started"/);
  expect(await server.end("SIGKILL")).toBeNull();
  await gone(pid);
});
