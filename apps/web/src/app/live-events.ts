import type { MemaClient } from "@mema/api/client";
import { type QueryClient, useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";

export type Connection = "connecting" | "live" | "interrupted";

/** Which lists a kind of event makes stale, by the first word of its type. What is not named here makes everything stale. */
const staleBy: Record<string, readonly string[]> = {
  message: ["messages", "recall", "conversations"],
  messages: ["messages", "recall", "conversations"],
  fact: ["facts", "recall", "entities", "reminders"],
  entity: ["entities", "facts", "recall"],
  conversation: ["conversations"],
  reminder: ["reminders"],
  occurrence: ["reminders"],
  delivery: ["reminders", "deliveries"],
  channel: ["channels"],
  api_key: ["apiKeys"],
  user: ["users", "reminders"],
};

const restartMs = [1_000, 2_000, 5_000, 10_000];

/**
 * Follows the user's events and refreshes what they touch. The stream reconnects by itself and goes on after the last event it saw; when
 * it ends for good (the server restarts behind a proxy) it is opened again, and everything is read anew.
 */
export function useLiveEvents(client: MemaClient): Connection {
  const queryClient = useQueryClient();
  const [connection, setConnection] = useState<Connection>("connecting");

  useEffect(() => {
    const refresh = refreshSoon(queryClient);
    let afterSeq: number | undefined;
    let failures = 0;
    let timer: ReturnType<typeof setTimeout> | undefined;
    let stream: { unsubscribe(): void } | null = null;

    const open = () => {
      stream?.unsubscribe();
      clearTimeout(timer);
      stream = client.events.live.subscribe(afterSeq === undefined ? {} : { afterSeq }, {
        onData: ({ data }) => {
          failures = 0;
          afterSeq = data.seq;
          refresh(staleBy[data.type.split(".")[0] ?? ""] ?? null);
        },
        onConnectionStateChange: ({ state }) => {
          setConnection((before) => {
            const now: Connection = state === "pending" ? "live" : before === "connecting" ? "connecting" : "interrupted";
            if (before === "interrupted" && now === "live") refresh(null);
            return now;
          });
        },
        onError: reopen,
        onComplete: reopen,
      });
    };
    const reopen = () => {
      setConnection("interrupted");
      stream?.unsubscribe();
      clearTimeout(timer);
      timer = setTimeout(open, restartMs[Math.min(failures++, restartMs.length - 1)]);
    };
    const reopenNow = () => {
      failures = 0;
      setConnection("interrupted");
      open();
    };
    open();
    addEventListener("online", reopenNow);
    return () => {
      removeEventListener("online", reopenNow);
      clearTimeout(timer);
      stream?.unsubscribe();
    };
  }, [client, queryClient]);

  return connection;
}

/** Gathers what one transaction announced and refreshes it once. `null` is everything. */
function refreshSoon(queryClient: QueryClient): (domains: readonly string[] | null) => void {
  let waiting: Set<string> | "everything" | null = null;
  return (domains) => {
    const first = waiting === null;
    if (domains === null || waiting === "everything") waiting = "everything";
    else waiting = new Set([...(waiting ?? []), ...domains]);
    if (!first) return;
    setTimeout(() => {
      const stale = waiting;
      waiting = null;
      const concerned = (key: readonly unknown[]) => stale === "everything" || (stale?.has(String(key[0])) ?? false);
      void queryClient.invalidateQueries({ predicate: ({ queryKey }) => concerned(queryKey) });
    }, 40);
  };
}
