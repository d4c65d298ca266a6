import type { Job } from "../worker-api.ts";

/** How a send ended. Codes are short and never hold text of the receiver. */
export type SendResult =
  | { outcome: "sent" | "delivered"; httpStatus?: number }
  | {
      /** transient: try again; permanent: never; unknown: it may have arrived, try again; aborted: not handed over, give it back. */
      outcome: "transient" | "permanent" | "unknown" | "aborted";
      error: string;
      httpStatus?: number;
      retryAfterSeconds?: number;
      disableChannel?: boolean;
    };

/** A way to deliver: one file implements one channel type. It never throws for what the receiver does, and ends soon after `signal`. */
export interface Channel<Type extends Job["type"]> {
  send(job: Extract<Job, { type: Type }>, context: SendContext): Promise<SendResult>;
}

export interface SendContext {
  deliveryId: string;
  signal: AbortSignal;
}
