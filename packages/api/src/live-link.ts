import { httpSubscriptionLink, type TRPCLink } from "@trpc/client";
import { EventSource } from "eventsource";
import type { AppRouter } from "./root.ts";

/** Subscriptions as server-sent events; `credentials` is asked at each connection for the headers that prove who asks. */
export function liveLink(url: string, credentials: () => Record<string, string>): TRPCLink<AppRouter> {
  return httpSubscriptionLink<AppRouter, typeof EventSource>({
    url,
    // The browser's own EventSource cannot send the key.
    EventSource,
    eventSourceOptions: {
      fetch: async (input, init) => {
        const response = await fetch(input, { ...init, headers: { ...init.headers, ...credentials() } });
        // An EventSource gives up for good on any answer but 200. While a server restarts, a proxy or the server itself says 50x.
        if (response.status >= 502) throw new TypeError(`the server is away (${response.status})`);
        return response;
      },
    },
  });
}
