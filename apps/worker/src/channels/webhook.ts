import { retryAfterSeconds } from "@mema/shared";
import { type OutboundResult, post } from "@mema/shared/outbound";
import type { Channel, SendResult } from "./channel.ts";

/**
 * Posts a message that the server has signed. Any 2xx is delivered; 410 asks never to be called again; redirects, refused addresses and
 * messages that are too large are permanent; all else is tried again until the delivery expires.
 */
export const webhookChannel: Channel<"webhook"> = {
  send: async ({ url, body, headers, allowPrivate }, { signal }) => webhookResult(await post({ url, body, headers, allowPrivate, signal })),
};

/** What an answer, or its absence, means for a delivery. */
export function webhookResult(result: OutboundResult): SendResult {
  if (result.error !== null) {
    const { error, ambiguous } = result;
    if (error === "url_invalid" || error === "address_refused") return { outcome: "permanent", error };
    if (ambiguous) return { outcome: "unknown", error };
    return error === "aborted" ? { outcome: "aborted", error } : { outcome: "transient", error };
  }
  const { status: httpStatus, retryAfter, date } = result;
  if (httpStatus >= 200 && httpStatus < 300) return { outcome: "delivered", httpStatus };
  const error = `http_${httpStatus}`;
  if (httpStatus === 410) return { outcome: "permanent", error, httpStatus, disableChannel: true };
  if ((httpStatus >= 300 && httpStatus < 400) || httpStatus === 413) return { outcome: "permanent", error, httpStatus };
  // An HTTP date is measured against the receiver's own clock: this machine's may be wrong.
  const wait = retryAfterSeconds(retryAfter, new Date(date ?? Number.NaN));
  return { outcome: "transient", error, httpStatus, ...(wait === null || Number.isNaN(wait) ? {} : { retryAfterSeconds: wait }) };
}
