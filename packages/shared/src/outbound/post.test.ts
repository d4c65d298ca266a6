import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { connect, createServer as createSocketServer } from "node:net";
import { afterEach, expect, test } from "vitest";
import { checkOutboundUrl, isPrivateAddress, type OutboundPost, post } from "./index.ts";

const servers: { close(): void; closeAllConnections?(): void }[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections?.();
    server.close();
  }
});

async function listen(server: Server | ReturnType<typeof createSocketServer>): Promise<number> {
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}

async function answering(handle: (request: IncomingMessage, response: ServerResponse) => void): Promise<string> {
  return `http://127.0.0.1:${await listen(createServer(handle))}/hook`;
}

const send = (url: string, options: Partial<OutboundPost> = {}) =>
  post({ url, body: "{}", headers: { "content-type": "application/json" }, allowPrivate: true, ...options });

test("a 2xx is read with its status, and the body arrives whole", async () => {
  const body = Promise.withResolvers<string>();
  const url = await answering((request, response) => {
    let text = "";
    request.on("data", (chunk) => (text += String(chunk)));
    request.on("end", () => {
      body.resolve(text);
      response.writeHead(204).end();
    });
  });
  expect(await send(url, { body: '{"ä":1}' })).toMatchObject({ status: 204, retryAfter: null, error: null });
  expect(await body.promise).toBe('{"ä":1}');
});

test("a redirect is an answer and is not followed", async () => {
  let hits = 0;
  const url = await answering((_request, response) => {
    hits += 1;
    response.writeHead(302, { location: "/elsewhere" }).end();
  });
  expect(await send(url)).toMatchObject({ status: 302 });
  expect(hits).toBe(1);
});

test("a huge or endless answer costs nothing: its status is enough", async () => {
  const url = await answering((_request, response) => {
    response.writeHead(200);
    const chunk = "x".repeat(65_536);
    const pour = (): void => {
      while (!response.destroyed && response.write(chunk));
      response.once("drain", pour);
    };
    pour();
  });
  expect(await send(url)).toMatchObject({ status: 200 });
});

test("Retry-After is handed on", async () => {
  const url = await answering((_request, response) => response.writeHead(429, { "retry-after": "120" }).end());
  expect(await send(url)).toMatchObject({ status: 429, retryAfter: "120", error: null });
});

test("a receiver that never answers times out, and may have acted", async () => {
  const url = await answering(() => {});
  expect(await send(url, { timeoutMs: 50 })).toEqual({ status: null, error: "timeout", ambiguous: true });
});

test("a connection lost after the request was handed over is ambiguous", async () => {
  const url = await answering((request) => request.socket.destroy());
  expect(await send(url)).toEqual({ status: null, error: "connection_lost", ambiguous: true });
});

test("an abort ends the request", async () => {
  const abort = new AbortController();
  const url = await answering(() => abort.abort());
  expect(await send(url, { signal: abort.signal })).toMatchObject({ error: "aborted" });
});

test("nobody listening, a name that does not exist and a wrong certificate are told apart, and none is ambiguous", async () => {
  const server = createSocketServer();
  const port = await listen(server);
  await new Promise((resolve) => server.close(resolve));
  expect(await send(`http://127.0.0.1:${port}/`)).toEqual({ status: null, error: "connection_failed", ambiguous: false });
  expect(await send("http://does-not-exist.invalid/")).toEqual({ status: null, error: "dns_failed", ambiguous: false });
  const plain = await answering((_request, response) => response.end());
  expect(await send(plain.replace("http:", "https:"))).toMatchObject({ error: "tls_failed", ambiguous: false });
});

test("a name that points to this machine is refused before a connection is made", async () => {
  let connections = 0;
  const port = await listen(createSocketServer(() => (connections += 1)));
  const url = `http://localhost:${port}/`;
  expect(await send(url, { allowPrivate: false })).toEqual({ status: null, error: "address_refused", ambiguous: false });
  expect(connections).toBe(0);
  // The port does accept connections.
  await new Promise<void>((resolve) => connect(port, "127.0.0.1", resolve).unref());
});

test.each([
  "http://127.0.0.1/",
  "http://0x7f.1/",
  "http://2130706433/",
  "http://017700000001/",
  "http://169.254.169.254/latest/meta-data",
  "http://[::1]/",
  "http://[::ffff:10.0.0.1]/",
  "http://[fd00::1]/",
  "http://[fe80::1]/",
  "http://[64:ff9b::7f00:1]/",
  "http://0/",
])("a written-out private address is refused in every spelling: %s", (url) => {
  expect(checkOutboundUrl(url, false)).toBe("address_refused");
  expect(checkOutboundUrl(url, true)).toBeInstanceOf(URL);
});

test.each([
  "ftp://example.org/",
  "file:///etc/passwd",
  "http://user:pass@example.org/",
  "no address",
  `https://example.org/${"x".repeat(3000)}`,
])("is not an address to call: %s", (url) => {
  expect(checkOutboundUrl(url, true)).toBe("url_invalid");
});

test("public addresses are not private, special ones are", () => {
  for (const address of ["93.184.215.14", "8.8.8.8", "2606:2800:21f:cb07:6820:80da:af6b:8b2c"])
    expect(isPrivateAddress(address)).toBe(false);
  for (const address of ["10.1.2.3", "172.31.0.1", "192.168.1.1", "100.64.0.1", "224.0.0.1", "2002:7f00:1::", "::", "not one"]) {
    expect(isPrivateAddress(address)).toBe(true);
  }
});
