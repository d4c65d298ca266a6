import { once } from "node:events";
import { connect, type Socket } from "node:net";

/** A client that speaks the wire protocol by hand, to send what no driver would. */
export class WireClient {
  readonly socket: Socket;
  #received = "";
  #changed = Promise.withResolvers<void>();

  constructor(path: string) {
    this.socket = connect(path);
    this.socket.setEncoding("latin1");
    this.socket.on("data", (text: string) => this.#add(text));
    this.socket.on("close", () => this.#add("<closed>"));
  }

  send(...messages: Buffer[]): void {
    this.socket.write(Buffer.concat(messages));
  }

  /** Resolves with everything received so far (one character a byte, "<closed>" at the end) once that holds `text`, and forgets it. */
  async until(text: string): Promise<string> {
    while (!this.#received.includes(text)) {
      if (this.#received.endsWith("<closed>")) throw new Error(`closed before ${JSON.stringify(text)}: ${this.#received}`);
      // oxlint-disable-next-line no-await-in-loop -- the next piece of the same stream
      await this.#changed.promise;
    }
    const received = this.#received;
    this.#received = "";
    return received;
  }

  async vanish(): Promise<void> {
    const closed = once(this.socket, "close");
    this.socket.destroy();
    await closed;
  }

  #add(text: string): void {
    this.#received += text;
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }
}

const integer = (...values: number[]): Buffer => {
  const bytes = Buffer.alloc(4 * values.length);
  for (const [index, value] of values.entries()) bytes.writeInt32BE(value, 4 * index);
  return bytes;
};

export const typed = (type: string, body: Buffer | string = ""): Buffer =>
  Buffer.concat([Buffer.from(type), integer(4 + Buffer.byteLength(body)), Buffer.from(body)]);

export const sslRequest = integer(8, 80_877_103);
export const cancelRequest = integer(16, 80_877_102, 1, 2);
export const startup = Buffer.concat([integer(33, 196_608), Buffer.from("user\0someone\0database\0a\0\0")]);
export const query = (text: string): Buffer => typed("Q", `${text}\0`);
export const parse = (name: string, text: string): Buffer => typed("P", `${name}\0${text}\0\0\0`);
export const bindAndExecute = (name: string): Buffer => Buffer.concat([typed("B", `\0${name}\0\0\0\0\0\0\0`), typed("E", "\0\0\0\0\0")]);
export const sync = typed("S");
export const terminate = typed("X");
export const idle = "Z\0\0\0\u0005I";
export const inTransaction = "Z\0\0\0\u0005T";
