import type { AttemptOutcome, ChannelType } from "@mema/shared";

/** What the server counts of the work of its workers. Types and outcomes, never ids. */
export interface Meter {
  /** A delivery may be sent now; `delaySeconds` after it was due, for first attempts that nothing but the system held up. */
  begun(channel: ChannelType, delaySeconds: number | null): void;
  ended(channel: ChannelType | "other", outcome: AttemptOutcome): void;
  /** Leases that a worker thought it had. */
  lost(leases: number): void;
  /** Deliveries taken back from workers that went away. */
  reaped(deliveries: number): void;
}

/** Counts nothing: where nobody looks. */
export const silentMeter: Meter = { begun: () => {}, ended: () => {}, lost: () => {}, reaped: () => {} };
