import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { AppError } from "@mema/shared";
import { drizzle } from "drizzle-orm/postgres-js";
import postgres, { type Options, type PostgresType, type Sql } from "postgres";
import { arrayTypes } from "./array-types.ts";
import { gatherWrites } from "./gathered-writes.ts";

export interface SlotOptions {
  /** The database's URL; absent for the embedded engine, whose `path` says where it listens. */
  url?: string | undefined;
  /** A socket's path to connect to, known only once the engine serves. */
  path?: () => Promise<string>;
  /** Bounds reaching the server, and again signing in. */
  connectTimeoutMs: number;
}

interface Address {
  host: string[];
  port: number[];
  path: string | false;
}

/**
 * One connection to the database, with one socket for all its life. The driver alone would reconnect for whoever asks next, and so run the
 * rest of a dead transaction outside of it; here its second socket is refused, and a dead slot is thrown away.
 */
export class Slot {
  readonly driver: Sql;
  readonly openedAt = performance.now();
  idleSince = 0;
  #lost: AppError | null = null;
  #onDeath: ((error: AppError) => void) | null = null;
  #socket: Socket | null = null;
  readonly #options: SlotOptions;
  readonly #connecting = new AbortController();
  readonly #onLost: (slot: Slot) => void;

  constructor(options: SlotOptions, onLost: (slot: Slot) => void) {
    this.#options = options;
    this.#onLost = onLost;
    const settings: Options<Record<string, PostgresType>> & { socket: (address: Address) => Promise<Socket> } = {
      max: 1,
      idle_timeout: 0,
      max_lifetime: null,
      connect_timeout: options.connectTimeoutMs / 1000,
      connection: { application_name: "mema" },
      // The driver asks for the array types after signing in, and a connection that dies then is an unhandled rejection.
      fetch_types: false,
      types: arrayTypes,
      onnotice: () => {},
      onclose: () => this.die(lostConnection()),
      socket: (address) => this.#connect(address),
    };
    this.driver = options.url === undefined ? postgres({ ...settings, user: "postgres" }) : postgres(options.url, settings);
    // Drizzle converts dates and JSON by itself; constructing it switches the driver's conversion off.
    drizzle(this.driver);
  }

  get dead(): boolean {
    return this.#lost !== null;
  }

  /** Calls back at the moment the connection is lost (now, if it is lost already), before anything else can run on it. */
  watch(onDeath: ((error: AppError) => void) | null): void {
    this.#onDeath = onDeath;
    if (this.#lost !== null) onDeath?.(this.#lost);
  }

  /** Cuts the connection; whoever watches learns `error`. The server rolls an open transaction back. */
  die(error: AppError): void {
    if (this.#lost !== null) return;
    this.#lost = error;
    this.#connecting.abort();
    this.#socket?.destroy();
    this.#onDeath?.(error);
    this.#onLost(this);
  }

  /** Takes leave of the server. Only for a connection without a transaction. */
  async end(): Promise<void> {
    if (this.#lost !== null) return;
    this.#lost = new AppError("UNAVAILABLE", "The database is closed.");
    await this.driver.end({ timeout: 1 });
    this.#connecting.abort();
    this.#socket?.destroy();
  }

  async #connect(address: Address): Promise<Socket> {
    if (this.#socket !== null || this.#connecting.signal.aborted) throw lostConnection();
    const signal = AbortSignal.any([this.#connecting.signal, AbortSignal.timeout(this.#options.connectTimeoutMs)]);
    try {
      const path = this.#options.path === undefined ? address.path : await this.#options.path();
      this.#socket = gatherWrites(typeof path === "string" ? await reach({ path }, signal) : await reachFirst(address, signal));
      return this.#socket;
    } catch (cause) {
      const error = new AppError("UNAVAILABLE", "The database cannot be reached. Try again.", { retryAfterSeconds: 1, cause });
      this.die(error);
      throw error;
    }
  }
}

const lostConnection = () =>
  new AppError("UNAVAILABLE", "The database connection was lost; nothing was changed. Try again.", { retryAfterSeconds: 1 });

/** Connects to the first of the URL's hosts that answers. */
async function reachFirst({ host, port }: Address, signal: AbortSignal): Promise<Socket> {
  let failure: unknown = new Error("the URL names no host");
  for (const [index, name] of host.entries()) {
    try {
      return await reach({ host: name, port: port[index] ?? 5432 }, signal);
    } catch (error) {
      failure = error;
    }
  }
  throw failure;
}

async function reach(to: { path: string } | { host: string; port: number }, signal: AbortSignal): Promise<Socket> {
  const socket = connect({ ...to, noDelay: true });
  try {
    await once(socket, "connect", { signal });
    // The driver verifies a certificate against these.
    return Object.assign(socket, to);
  } catch (error) {
    socket.destroy();
    throw error;
  }
}
