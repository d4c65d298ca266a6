import { chmodSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import {
  fatalMessage,
  MessageBuffer,
  queryMessage,
  readyStatus,
  startupPacket,
  syncMessage,
  WireError,
  type TransactionStatus,
} from "./wire-messages.ts";

const sslRequest = 80_877_103;
const gssRequest = 80_877_104;
const cancelRequest = 80_877_102;
/** How long a second connection waits for the first one to go before it is refused. */
const handoverMs = 2000;

/** Runs whole messages to their end, synchronously, and returns what the database answered. */
export type RunMessages = (messages: Buffer) => Buffer[];

interface Client {
  readonly socket: Socket;
  readonly input: MessageBuffer;
  started: boolean;
  handover: NodeJS.Timeout | null;
}

/**
 * A PostgreSQL server for one client at a time over a unix socket. Every piece of input runs to its end before anything else
 * happens on this thread, so two clients can never interleave. When the client goes, its transaction is rolled back and its
 * session is emptied (DISCARD ALL) before the next one is let in. What leaves the database in doubt is thrown, and ends the thread.
 */
export class WireServer {
  readonly #server: Server;
  readonly #run: RunMessages;
  #active: Client | null = null;
  readonly #waiting: Client[] = [];
  #status: TransactionStatus | "busy" = "idle";
  #idleWaiters: (() => void)[] = [];

  constructor(run: RunMessages) {
    this.#run = run;
    this.#server = createServer((socket) => this.#accept(socket));
  }

  async listen(path: string): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#server.once("error", reject);
    this.#server.listen(path, resolve);
    await promise;
    if (process.platform !== "win32") chmodSync(path, 0o600);
  }

  /** Resolves in a moment when no transaction and no unfinished exchange is open; the caller runs its work before it awaits anything. */
  async whenIdle(): Promise<void> {
    while (this.#status !== "idle") {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#idleWaiters.push(resolve);
      await promise;
    }
  }

  /** Cuts all connections, rolls an open transaction back and stops listening. */
  close(): void {
    this.#server.close();
    for (const client of [...this.#waiting, this.#active]) {
      if (client) this.#drop(client);
    }
  }

  #accept(socket: Socket): void {
    const client: Client = { socket, input: new MessageBuffer(), started: false, handover: null };
    socket.on("data", (chunk: Buffer) => {
      client.input.push(chunk);
      this.#advance(client);
    });
    socket.on("error", () => this.#drop(client));
    socket.on("close", () => this.#drop(client));
  }

  #advance(client: Client): void {
    try {
      if (!client.started) this.#handshake(client);
      if (client === this.#active) this.#serve(client);
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      client.socket.end(fatalMessage("08P01", `protocol violation: ${error.message}`));
      this.#drop(client);
    }
  }

  #handshake(client: Client): void {
    for (let packet = client.input.takePacket(); packet !== null; packet = client.input.takePacket()) {
      const code = packet.readInt32BE(4);
      if (code === sslRequest || code === gssRequest) {
        client.socket.write("N");
        continue;
      }
      // A cancel request cannot be honoured: the thread that would read it is the one that runs the statement.
      if (code === cancelRequest) {
        client.socket.end();
        this.#drop(client);
        return;
      }
      if (code >> 16 !== 3) throw new WireError(`protocol version ${code >> 16}, only 3 is spoken`);
      client.started = true;
      this.#waiting.push(client);
      client.handover = setTimeout(() => this.#refuse(client), handoverMs);
      this.#admit();
      return;
    }
  }

  #admit(): void {
    if (this.#active !== null) return;
    const client = this.#waiting.shift();
    if (!client) return;
    if (client.handover) clearTimeout(client.handover);
    this.#active = client;
    this.#reply(client, this.#run(startupPacket));
    this.#advance(client);
  }

  #refuse(client: Client): void {
    client.socket.end(fatalMessage("53300", "the embedded database serves one connection, and another one is open"));
    this.#drop(client);
  }

  #serve(client: Client): void {
    for (let piece = client.input.takeMessages(); piece !== null; piece = client.input.takeMessages()) {
      if (piece.last === "X") {
        client.socket.end();
        this.#drop(client);
        return;
      }
      const reply = this.#run(piece.bytes);
      this.#reply(client, reply);
      if (piece.last === "S" || piece.last === "Q") {
        const status = readyStatus(reply);
        if (status === null) throw new Error("a statement of the embedded database ended without an answer");
        this.#setStatus(status);
      } else {
        this.#status = "busy";
      }
    }
  }

  #reply(client: Client, reply: readonly Buffer[]): void {
    client.socket.cork();
    for (const chunk of reply) client.socket.write(chunk);
    client.socket.uncork();
  }

  #drop(client: Client): void {
    if (client.handover) clearTimeout(client.handover);
    client.socket.destroySoon();
    const waitingAt = this.#waiting.indexOf(client);
    if (waitingAt >= 0) this.#waiting.splice(waitingAt, 1);
    if (client !== this.#active) return;
    this.#active = null;
    this.#run(syncMessage);
    this.#run(queryMessage("ROLLBACK"));
    if (readyStatus(this.#run(queryMessage("DISCARD ALL"))) !== "idle") {
      throw new Error("the session of the embedded database could not be emptied");
    }
    this.#setStatus("idle");
    this.#admit();
  }

  #setStatus(status: TransactionStatus): void {
    this.#status = status;
    if (status !== "idle") return;
    const waiters = this.#idleWaiters;
    this.#idleWaiters = [];
    for (const resolve of waiters) resolve();
  }
}
