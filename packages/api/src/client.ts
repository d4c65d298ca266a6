import { createTRPCClient, httpBatchLink, httpLink, httpSubscriptionLink, splitLink } from "@trpc/client";
import { EventSource } from "eventsource";
import type { AppRouter } from "./root.ts";

export type { AppRouter } from "./root.ts";

export interface MemaClientOptions {
  /** Where the server is, for example `http://127.0.0.1:8787`. */
  url: string;
  apiKey: string;
  /** Sends calls made at the same moment as one request. Off unless asked for: a batch cannot carry an Idempotency-Key. */
  batch?: boolean;
  /** Sent with every call of this client, for example `{ "Idempotency-Key": ... }`; a function is asked at each call. */
  headers?: Record<string, string> | (() => Record<string, string>);
}

/** The largest batch that the server takes. */
export const maxBatchSize = 20;

/**
 * A typed client of Mema, for browsers and servers. Everything travels as plain JSON; queries go by POST, so that a long one passes.
 * Failures are TRPCClientError with `data: { code, httpStatus, issues? }`. Live events reconnect by themselves and miss nothing.
 */
export function createMemaClient({ url, apiKey, batch = false, headers = {} }: MemaClientOptions) {
  const endpoint = `${url.replace(/\/$/, "")}/trpc`;
  const credentials = () => ({ authorization: `Bearer ${apiKey}`, ...(typeof headers === "function" ? headers() : headers) });
  const calls = { url: endpoint, headers: credentials, methodOverride: "POST" as const };
  return createTRPCClient<AppRouter>({
    links: [
      splitLink({
        condition: (operation) => operation.type === "subscription",
        true: httpSubscriptionLink({
          url: endpoint,
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
        }),
        false: batch ? httpBatchLink({ ...calls, maxItems: maxBatchSize }) : httpLink(calls),
      }),
    ],
  });
}

export type MemaClient = ReturnType<typeof createMemaClient>;
