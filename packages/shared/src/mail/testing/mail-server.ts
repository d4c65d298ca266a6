import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const program = fileURLToPath(new URL("mail-server-program.ts", import.meta.url));

export interface ReceivedMail {
  to: string;
  raw: string;
  secure: boolean;
  user: string | null;
}

interface MailServerOptions {
  port?: number;
  certificate?: string;
  key?: string;
  /** TLS from the first byte. */
  implicitTls?: boolean;
  startTls?: boolean;
  login?: { user: string; password: string };
}

/**
 * A real SMTP server in a process of its own. Addresses say what it does: `refused-550@` at RCPT TO, `data-451@` after the mail, `drop@`
 * ends the connection after the whole mail and before 250, `hang@` never answers; `second-drop@` and so on do so to the second mail only.
 * All others get 250.
 */
export class MailServer {
  readonly mails: ReceivedMail[] = [];
  readonly logins: string[] = [];
  readonly port: number;
  readonly #child: ChildProcess;
  #onMail: () => void = () => {};

  private constructor(child: ChildProcess, port: number) {
    this.#child = child;
    this.port = port;
  }

  static async start(options: MailServerOptions = {}): Promise<MailServer> {
    const child = spawn(process.execPath, [program, JSON.stringify(options)], { stdio: ["ignore", "pipe", "inherit"] });
    if (child.stdout === null) throw new Error("no output to read");
    const lines = createInterface({ input: child.stdout });
    const [first] = (await once(lines, "line")) as [string];
    const server = new MailServer(child, (JSON.parse(first) as { port: number }).port);
    lines.on("line", (line) => {
      const said = JSON.parse(line) as ReceivedMail | { login: string };
      if ("login" in said) server.logins.push(said.login);
      else server.mails.push(said);
      server.#onMail();
    });
    return server;
  }

  /** Resolves when the mails fulfil `condition`. */
  async until(condition: (mails: readonly ReceivedMail[]) => boolean): Promise<void> {
    const met = Promise.withResolvers<void>();
    this.#onMail = () => {
      if (condition(this.mails)) met.resolve();
    };
    this.#onMail();
    await met.promise;
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, "exit");
    this.#child.kill("SIGKILL");
    await ended;
  }
}
