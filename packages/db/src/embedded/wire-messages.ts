/** The little of PostgreSQL's wire protocol (version 3) that the embedded engine's socket needs to know about. */

export type TransactionStatus = "idle" | "in transaction" | "failed transaction";

const headerBytes = 5;
const maxMessageBytes = 1 << 30;
const clientMessageTypes = new Set(Buffer.from("QPBEDCHSFXdcf"));

/** The client sent something that is no message of the protocol. The connection cannot go on. */
export class WireError extends Error {}

/** Cuts a byte stream into whole messages. Large messages are joined once, when their last byte is there. */
export class MessageBuffer {
  #chunks: Buffer[] = [];
  #length = 0;
  #needed = headerBytes;

  push(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#length += chunk.length;
  }

  /** The first untyped packet of a connection (start-up, SSL, cancel), whose length comes first; null when it is not whole yet. */
  takePacket(): Buffer | null {
    if (this.#length < 8) return null;
    const bytes = this.#join();
    const length = bytes.readInt32BE(0);
    if (length < 8 || length > 10_000) throw new WireError(`start-up packet of ${length} bytes`);
    if (bytes.length < length) return null;
    this.#keep(bytes.subarray(length));
    return bytes.subarray(0, length);
  }

  /**
   * All whole messages that are there, as one piece, with the type of the last one; null when there is none. A Terminate message
   * ends its piece before it and comes back alone, because the engine must never see it: it would end the database.
   */
  takeMessages(): { bytes: Buffer; last: string } | null {
    if (this.#length < this.#needed) return null;
    const bytes = this.#join();
    let end = 0;
    let last = "";
    this.#needed = headerBytes;
    while (bytes.length - end >= headerBytes) {
      const type = bytes.readUInt8(end);
      const length = bytes.readInt32BE(end + 1);
      if (!clientMessageTypes.has(type) || length < 4 || length > maxMessageBytes) {
        throw new WireError(`message of type ${type} and ${length} bytes`);
      }
      const next = end + 1 + length;
      if (next > bytes.length) {
        this.#needed = 1 + length;
        break;
      }
      const name = String.fromCharCode(type);
      if (name === "X" && end > 0) break;
      end = next;
      last = name;
      if (name === "X") break;
    }
    this.#keep(bytes.subarray(end));
    return end === 0 ? null : { bytes: bytes.subarray(0, end), last };
  }

  #join(): Buffer {
    const [only] = this.#chunks;
    return this.#chunks.length === 1 && only ? only : Buffer.concat(this.#chunks, this.#length);
  }

  #keep(rest: Buffer): void {
    this.#chunks = rest.length === 0 ? [] : [rest];
    this.#length = rest.length;
  }
}

/** Every client is started with this packet, not its own: the engine knows one user and one database, and a malformed packet would end it. */
export const startupPacket: Buffer = Buffer.concat([
  Buffer.from([0, 0, 0, 41, 0, 3, 0, 0]),
  Buffer.from("user\0postgres\0database\0postgres\0\0"),
]);
export const syncMessage: Buffer = message("S", Buffer.alloc(0));

export function queryMessage(text: string): Buffer {
  return message("Q", Buffer.from(`${text}\0`));
}

/** An ErrorResponse that ends the connection. */
export function fatalMessage(sqlState: string, text: string): Buffer {
  return message("E", Buffer.from(`SFATAL\0VFATAL\0C${sqlState}\0M${text}\0\0`));
}

/** The status that ReadyForQuery carries when it ends `reply`; null when the reply does not end with one. */
export function readyStatus(reply: readonly Buffer[]): TransactionStatus | null {
  const tail = Buffer.concat(reply.slice(-6)).subarray(-6);
  if (tail.length !== 6 || tail.toString("latin1", 0, 5) !== "Z\0\0\0\u0005") return null;
  const status = tail.toString("latin1", 5);
  if (status === "I") return "idle";
  return status === "T" ? "in transaction" : "failed transaction";
}

/** First column of every row of a reply, as text. Throws the first error that the reply holds. */
export function firstColumn(reply: readonly Buffer[]): string[] {
  const bytes = Buffer.concat(reply);
  const values: string[] = [];
  let at = 0;
  while (at < bytes.length) {
    const type = String.fromCharCode(bytes.readUInt8(at));
    const end = at + 1 + bytes.readInt32BE(at + 1);
    const body = bytes.subarray(at + headerBytes, end);
    if (type === "E") throw new Error(body.toString("utf8").split("\0").slice(0, -2).join(" "));
    if (type === "D") values.push(body.toString("utf8", 6, 6 + body.readInt32BE(2)));
    at = end;
  }
  return values;
}

function message(type: string, body: Buffer): Buffer {
  const header = Buffer.alloc(headerBytes);
  header.write(type, 0, "latin1");
  header.writeInt32BE(4 + body.length, 1);
  return Buffer.concat([header, body]);
}
