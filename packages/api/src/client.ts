import { createTRPCClient, httpBatchLink, httpLink, splitLink, TRPCClientError, type TRPCLink } from "@trpc/client";
import { observable } from "@trpc/server/observable";
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
        true: loadedWhenUsed(async () => (await import("./live-link.ts")).liveLink(endpoint, credentials)),
        false: batch ? httpBatchLink({ ...calls, maxItems: maxBatchSize }) : httpLink(calls),
      }),
    ],
  });
}

/** A link that is fetched when it is first used: a page shows without the code of its live events. */
function loadedWhenUsed(load: () => Promise<TRPCLink<AppRouter>>): TRPCLink<AppRouter> {
  return (runtime) => (call) =>
    observable((observer) => {
      let subscription: { unsubscribe(): void } | null = null;
      let ended = false;
      load().then(
        (link) => {
          if (!ended) subscription = link(runtime)(call).subscribe(observer);
        },
        (error: Error) => observer.error(TRPCClientError.from(error)),
      );
      return () => {
        ended = true;
        subscription?.unsubscribe();
      };
    });
}

export type MemaClient = ReturnType<typeof createMemaClient>;
