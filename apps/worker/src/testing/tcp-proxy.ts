import { connect, createServer, type Server, type Socket } from "node:net";

/** A way through to a server that can stop forwarding without closing anything, as a firewall that forgot a connection does. */
export class TcpProxy {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #dark = false;
  #connected = Promise.withResolvers<void>();

  private constructor(target: { host: string; port: number }) {
    this.#server = createServer((near) => {
      const far = connect(target);
      this.#connected.resolve();
      for (const [from, to] of [
        [near, far],
        [far, near],
      ] as const) {
        this.#sockets.add(from);
        from.on("data", (data) => {
          if (!this.#dark) to.write(data);
        });
        from.on("error", () => {});
        from.on("close", () => {
          this.#sockets.delete(from);
          if (!this.#dark) to.destroy();
        });
      }
    });
  }

  /** Forwards to the server of `url`; `url` of the result goes through the proxy. */
  static async to(url: string): Promise<{ proxy: TcpProxy; url: string }> {
    const { hostname, port } = new URL(url);
    const proxy = new TcpProxy({ host: hostname, port: Number(port === "" ? 5432 : port) });
    await new Promise<void>((resolve) => proxy.#server.listen(0, "127.0.0.1", resolve));
    const address = proxy.#server.address();
    if (address === null || typeof address === "string") throw new Error("no port");
    return { proxy, url: Object.assign(new URL(url), { hostname: "127.0.0.1", port: String(address.port) }).href };
  }

  /** How many connections go through it. */
  get connections(): number {
    return this.#sockets.size / 2;
  }

  /** From now on nothing is forwarded and nothing is closed. Resolves when somebody connects all the same. */
  goDark(): Promise<void> {
    this.#dark = true;
    this.#connected = Promise.withResolvers<void>();
    return this.#connected.promise;
  }

  /** Forwards again. What came in the dark is gone. */
  goLight(): void {
    this.#dark = false;
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
  }
}
