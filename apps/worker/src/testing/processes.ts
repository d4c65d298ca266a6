import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer as createHttpServer, type ServerResponse } from "node:http";
import { createServer } from "node:net";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const programs = {
  server: fileURLToPath(new URL("../../../server/src/main.ts", import.meta.url)),
  worker: fileURLToPath(new URL("../main.ts", import.meta.url)),
};

export const keys = {
  MEMA_BOOTSTRAP_KEY: "mema_first_user_key_of_the_tests",
  MEMA_ADMIN_KEY: "mema_admin_key_of_the_fault_tests",
  MEMA_SERVICE_KEY: "mema_service_key_of_the_fault_tests",
  MEMA_SECRET_KEY: "mema_secret_key_of_the_fault_tests",
};

/** A real process of ours, and what it prints. */
export class Running {
  readonly child: ChildProcess;
  readonly exited: Promise<number | null>;
  readonly #lines: string[] = [];
  #onLine: () => void = () => {};

  constructor(program: keyof typeof programs, environment: Record<string, string>) {
    const inherited = Object.fromEntries(
      Object.entries(process.env).filter(([name]) => !/^(MEMA_|DATABASE_URL|VITEST|NODE_ENV)/.test(name)),
    );
    this.child = spawn(process.execPath, [programs[program]], { env: { ...inherited, ...environment }, stdio: ["ignore", "pipe", "pipe"] });
    this.exited = once(this.child, "exit").then(([code]) => code as number | null);
    for (const stream of [this.child.stdout, this.child.stderr]) {
      if (stream === null) continue;
      createInterface({ input: stream }).on("line", (line) => {
        this.#lines.push(line);
        this.#onLine();
      });
    }
  }

  /** Resolves at the first line that holds all of `texts`. Rejects, with everything that was printed, when the process ends before. */
  async printed(...texts: string[]): Promise<void> {
    const found = Promise.withResolvers<void>();
    this.#onLine = () => {
      if (this.#lines.some((line) => texts.every((text) => line.includes(text)))) found.resolve();
    };
    this.#onLine();
    const ended = this.exited.then((code) => {
      throw new Error(`ended with ${code} before printing ${JSON.stringify(texts)}:\n${this.#lines.join("\n")}`);
    });
    await Promise.race([found.promise, ended]);
    ended.catch(() => {});
  }

  /** Everything that it printed. */
  get output(): string {
    return this.#lines.join("\n");
  }

  signal(name: NodeJS.Signals): void {
    this.child.kill(name);
  }

  /** Ends it as a power cut would. */
  async kill(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    this.child.kill("SIGKILL");
    await this.exited;
  }
}

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}

/** A server without a worker of its own, ready to answer. */
export async function startServer(port: number, database: Record<string, string>): Promise<Running> {
  const server = new Running("server", {
    ...keys,
    LOG_LEVEL: "warn",
    ...database,
    PORT: String(port),
    MEMA_WORKER: "off",
    MEMA_ALLOW_PRIVATE_WEBHOOKS: "1",
  });
  await server.printed("Mema is ready.");
  return server;
}

export async function startWorker(port: number, environment: Record<string, string> = {}): Promise<Running> {
  const worker = new Running("worker", {
    MEMA_URL: `http://127.0.0.1:${port}`,
    MEMA_SERVICE_KEY: keys.MEMA_SERVICE_KEY,
    MEMA_WORKER_LEASE_SECONDS: "5",
    ...environment,
  });
  await worker.printed("worker started");
  return worker;
}

export interface Message {
  id: string;
  body: { type: string; data: { reminder?: { title: string } } };
}

/** A webhook's other side: keeps what it got and answers as it is told. */
export class Receiver {
  readonly messages: Message[] = [];
  url = "";
  answer: (message: Message, response: ServerResponse) => void = (_message, response) => response.writeHead(200).end();
  #onMessage: () => void = () => {};
  readonly #server = createHttpServer((request, response) => {
    let text = "";
    request.on("data", (chunk) => (text += String(chunk)));
    request.on("end", () => {
      const message: Message = { id: String(request.headers["webhook-id"]), body: JSON.parse(text) as Message["body"] };
      if (message.body.type === "channel.verify") return response.writeHead(204).end();
      this.messages.push(message);
      this.answer(message, response);
      return this.#onMessage();
    });
  });

  async start(): Promise<string> {
    const port = await freePort();
    await new Promise<void>((resolve) => this.#server.listen(port, "127.0.0.1", resolve));
    this.url = `http://127.0.0.1:${port}/hook`;
    return this.url;
  }

  /** Resolves when the messages fulfil `condition`. */
  async until(condition: (messages: readonly Message[]) => boolean): Promise<void> {
    const met = Promise.withResolvers<void>();
    this.#onMessage = () => {
      if (condition(this.messages)) met.resolve();
    };
    this.#onMessage();
    await met.promise;
  }

  reset(): void {
    this.messages.length = 0;
    this.answer = (_message, response) => response.writeHead(200).end();
    this.#onMessage = () => {};
  }

  stop(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}
