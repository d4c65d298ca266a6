import { createConnection } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { call } from "./testing/http-call.ts";
import { createServerHome, type ServerHome, type ServerProcess } from "./testing/server-process.ts";

let home: ServerHome;
let server: ServerProcess;
beforeAll(async () => {
  home = await createServerHome();
  server = await home.start({ MEMA_TRUST_PROXY: "1" });
});
afterAll(() => home.remove());

const me = async (key: string, forwarded: string) =>
  call(server.url, "users.me", undefined, { key, method: "GET", headers: { "x-forwarded-for": forwarded } });

test("an address that guesses keys is held off, whatever it says of itself; others and keys that worked are not", async () => {
  const good = server.apiKey ?? "";
  expect((await me(good, "198.51.100.7")).status).toBe(200);
  // What stands before the proxy's own entry is the stranger's invention.
  for (let at = 0; at < 30; at++) expect((await me(`mema_guess_${at}`, `192.0.2.${at}, 198.51.100.7`)).status).toBe(401);
  const held = await me("mema_guess_30", "198.51.100.7");
  expect(held).toMatchObject({ status: 429, body: { error: { data: { code: "TOO_MANY_REQUESTS", httpStatus: 429 } } } });
  expect(Number(held.headers.get("retry-after"))).toBeGreaterThan(0);
  expect((await me(good, "198.51.100.7")).status).toBe(200);
  expect((await me("mema_guess_31", "198.51.100.8")).status).toBe(401);
});

test("a connection that never finishes its headers is cut off", { timeout: 60_000 }, async () => {
  const { hostname, port } = new URL(server.url);
  const received = await new Promise<string>((resolve) => {
    const parts: Buffer[] = [];
    const socket = createConnection(Number(port), hostname, () => socket.write("GET /livez HTTP/1.1\r\nhost: x\r\nx-slow: "));
    socket.on("data", (part: Buffer) => parts.push(part));
    socket.on("error", () => {});
    socket.once("close", () => resolve(Buffer.concat(parts).toString()));
  });
  expect(received).toMatch(/^HTTP\/1\.1 408 /);
});
