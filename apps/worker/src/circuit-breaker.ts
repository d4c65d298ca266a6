const failuresToOpen = 5;
const openSeconds = 30;

interface Endpoint {
  failures: number;
  openUntil: number;
}

/**
 * Leaves an endpoint alone for 30 s after five failures in a row. After that one send tries it: its success closes the circuit, its
 * failure opens it again. `seconds` is a stopwatch, so that no change of the clock matters.
 */
export class CircuitBreaker {
  readonly #endpoints = new Map<string, Endpoint>();
  readonly #seconds: () => number;

  constructor(seconds: () => number = () => performance.now() / 1000) {
    this.#seconds = seconds;
  }

  /** Whole seconds to wait before this endpoint may be tried; 0 when it may be now. The first to be let through after a pause is the only one. */
  openFor(endpoint: string): number {
    const known = this.#endpoints.get(endpoint);
    if (known === undefined || known.failures < failuresToOpen) return 0;
    const now = this.#seconds();
    if (now < known.openUntil) return Math.ceil(known.openUntil - now);
    known.openUntil = now + openSeconds;
    return 0;
  }

  succeeded(endpoint: string): void {
    this.#endpoints.delete(endpoint);
  }

  failed(endpoint: string): void {
    const failures = (this.#endpoints.get(endpoint)?.failures ?? 0) + 1;
    this.#endpoints.set(endpoint, { failures, openUntil: this.#seconds() + openSeconds });
  }

  /** How many endpoints are left alone now. */
  get open(): number {
    const now = this.#seconds();
    return [...this.#endpoints.values()].filter(({ failures, openUntil }) => failures >= failuresToOpen && now < openUntil).length;
  }
}
