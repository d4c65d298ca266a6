import type { MemaClient } from "@mema/api/client";
import { useInfiniteQuery, useMutation, useQueryClient } from "@tanstack/react-query";
import { distanceTo, presentMs } from "../../app/time.ts";
import { ProblemNote, Skeletons } from "../../design/states.tsx";
import { useSay } from "../../design/toasts.tsx";
import { channelTypeNames } from "../channels/channel-words.ts";
import { deliveryWords } from "../reminders/reminder-words.ts";

type Letter = Awaited<ReturnType<MemaClient["worker"]["deadLetters"]["query"]>>["items"][number];

/** What was given up, over all users, to be sent again: ids and counts, never what they say or where they go. */
export function DeadLetters({ admin }: { admin: MemaClient }) {
  const queryClient = useQueryClient();
  const say = useSay();
  const letters = useInfiniteQuery({
    queryKey: ["worker", "deadLetters"],
    queryFn: ({ pageParam, signal }) => admin.worker.deadLetters.query({ limit: 50, cursor: pageParam }, { signal }),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.nextCursor ?? undefined,
    refetchInterval: 10_000,
  });
  const replay = useMutation({
    mutationFn: (chosen: readonly Letter[]) =>
      admin.worker.replay.mutate({ deliveries: chosen.slice(0, 100).map(({ userId, deliveryId }) => ({ userId, deliveryId })) }),
    onSuccess: ({ replayed, refused }) =>
      say(
        refused === 0
          ? `${replayed} sent again.`
          : `${replayed} sent again; ${refused} cannot be: the channel is off, or the reminder was ended. Their users see which.`,
      ),
    onSettled: () => queryClient.invalidateQueries({ queryKey: ["worker"] }),
  });
  const items = letters.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <section className="section" aria-labelledby="letters-title">
      <div className="row apart">
        <h2 id="letters-title">Dead letters of all users</h2>
        {items.length > 1 && (
          <button type="button" className="button small" disabled={replay.isPending} onClick={() => replay.mutate(items)}>
            Send {Math.min(items.length, 100)} again
          </button>
        )}
      </div>
      {letters.isPending && <Skeletons label="dead letters" rows={1} />}
      {letters.isError && <ProblemNote error={letters.error} retry={() => void letters.refetch()} />}
      {replay.isError && <ProblemNote error={replay.error} />}
      {letters.isSuccess && items.length === 0 && (
        <p className="hint">None: everything that was due has arrived or is still being tried.</p>
      )}
      {items.length > 0 && (
        <ul className="panel-list">
          {items.map((letter) => (
            <li key={letter.deliveryId} className="row apart">
              <span>
                {channelTypeNames[letter.channelType]} <code className="meta">{letter.deliveryId.slice(-8)}</code>
                <span className="meta block">
                  of user <code>{letter.userId.slice(-8)}</code>, {letter.attempts === 1 ? "1 attempt" : `${letter.attempts} attempts`},
                  given up <time dateTime={letter.settledAt}>{distanceTo(letter.settledAt, presentMs())}</time>
                </span>
              </span>
              <span className="row">
                <span className={`tag ${letter.status === "dead" ? "bad" : "warn"}`}>{deliveryWords[letter.status].name}</span>
                <button type="button" className="button small" disabled={replay.isPending} onClick={() => replay.mutate([letter])}>
                  Send again<span className="visually-hidden"> {letter.deliveryId}</span>
                </button>
              </span>
            </li>
          ))}
        </ul>
      )}
      {letters.hasNextPage && (
        <button type="button" className="button small" disabled={letters.isFetchingNextPage} onClick={() => void letters.fetchNextPage()}>
          Show more
        </button>
      )}
    </section>
  );
}
