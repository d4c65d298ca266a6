import { isIPv6 } from "node:net";
import { AppError } from "@mema/shared";

interface Window {
  /** Milliseconds of the monotonic clock. */
  endsAt: number;
  failures: number;
}

export interface SignInGuardOptions {
  /** Credentials that opened nothing, of one address, in a window; 30. */
  failures?: number;
  /** Seconds; 60. */
  windowSeconds?: number;
  /** Milliseconds that only go forward; the process's own unless given. */
  clock?: () => number;
}

const mostRemembered = 10_000;

/**
 * Holds off an address that sends many credentials which open nothing: each costs a look into the database. A credential that worked before
 * passes all the same, so that a stranger behind the same router or proxy locks nobody out. Kept in this process, and bounded.
 */
export class SignInGuard {
  readonly #failures: number;
  readonly #windowMs: number;
  readonly #clock: () => number;
  readonly #windows = new Map<string, Window>();
  readonly #good = new Set<string>();

  constructor({ failures = 30, windowSeconds = 60, clock = () => performance.now() }: SignInGuardOptions = {}) {
    this.#failures = failures;
    this.#windowMs = windowSeconds * 1000;
    this.#clock = clock;
  }

  /** Throws TOO_MANY_REQUESTS, with the seconds to wait, when the address is held off and the credential (its hash) is not known to work. */
  check(address: string | null, hash: string): void {
    const window = address === null ? undefined : this.#windows.get(network(address));
    if (window === undefined || window.failures < this.#failures || this.#good.has(hash)) return;
    const retryAfterSeconds = Math.ceil((window.endsAt - this.#clock()) / 1000);
    if (retryAfterSeconds <= 0) return;
    throw new AppError(
      "TOO_MANY_REQUESTS",
      `Too many unknown, revoked or expired keys came from this address: try again in ${retryAfterSeconds} seconds.`,
      { retryAfterSeconds },
    );
  }

  failed(address: string | null, hash: string): void {
    this.#good.delete(hash);
    if (address === null) return;
    const from = network(address);
    const now = this.#clock();
    const window = this.#windows.get(from);
    if (window !== undefined && window.endsAt > now) {
      window.failures++;
      return;
    }
    this.#windows.delete(from);
    this.#windows.set(from, { endsAt: now + this.#windowMs, failures: 1 });
    dropOldest(this.#windows);
  }

  passed(hash: string): void {
    this.#good.delete(hash);
    this.#good.add(hash);
    dropOldest(this.#good);
  }
}

/** Whoever has an IPv6 address has its whole /64. */
function network(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped !== undefined || !isIPv6(address)) return mapped ?? address;
  const [head = "", tail = ""] = address.split("%", 1)[0]?.toLowerCase().split("::") ?? [];
  const left = head === "" ? [] : head.split(":");
  const right = tail === "" ? [] : tail.split(":");
  const zeros = Array.from({ length: Math.max(0, 8 - left.length - right.length) }, () => "0");
  return [...left, ...zeros, ...right].slice(0, 4).join(":");
}

/** Maps and sets keep the order of insertion: the first is the oldest. */
function dropOldest(kept: Map<string, unknown> | Set<string>): void {
  if (kept.size <= mostRemembered) return;
  const [oldest] = kept.keys();
  if (oldest !== undefined) kept.delete(oldest);
}
