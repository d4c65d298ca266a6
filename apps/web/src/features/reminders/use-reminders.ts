import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import type { Reminder } from "../../app/api-types.ts";
import { useMema } from "../session/session.tsx";

export type ReminderView = "due" | "upcoming" | "missed" | "paused" | "ended";

const statusOf = { paused: ["paused"], ended: ["completed", "cancelled", "expired", "error"] } as const;
type Page = { items: Reminder[]; nextCursor: string | null };

/** Reminders that are due, to come, missed, paused or over, page by page. */
export function useReminderList(view: ReminderView) {
  const client = useMema();
  return useInfiniteQuery({
    queryKey: ["reminders", "list", view],
    queryFn: async ({ pageParam, signal }): Promise<Page> => {
      if (view === "due" || view === "upcoming" || view === "missed") {
        return client.reminders.list.query({ view, cursor: pageParam, limit: 50 }, { signal });
      }
      if (view === "paused") return client.reminders.list.query({ status: "paused", cursor: pageParam, limit: 50 }, { signal });
      const pages = await Promise.all(statusOf.ended.map((status) => client.reminders.list.query({ status, limit: 50 }, { signal })));
      const items = pages.flatMap((page) => page.items).toSorted((a, b) => b.updatedAt.localeCompare(a.updatedAt));
      return { items, nextCursor: null };
    },
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.nextCursor ?? undefined,
  });
}

/** The newest reminders, for showing which message they came from. */
export function useRecentReminders() {
  const client = useMema();
  return useQuery({
    queryKey: ["reminders", "recent"],
    queryFn: ({ signal }) => client.reminders.list.query({ limit: 100 }, { signal }),
    staleTime: 60_000,
  });
}

export type SnoozePreset = NonNullable<Parameters<ReturnType<typeof useMema>["reminders"]["snooze"]["mutate"]>[0]["preset"]>;

export type ReminderAction =
  | { act: "complete" | "acknowledge" | "skip" | "pause" | "resume" | "cancel"; id: string }
  | { act: "snooze"; id: string; preset: SnoozePreset }
  | { act: "delete"; id: string };

/** From which lists a reminder goes at once when the action is taken. */
const leaves: Record<ReminderAction["act"], readonly ReminderView[]> = {
  complete: ["due", "missed"],
  acknowledge: ["due", "missed"],
  snooze: ["due", "missed"],
  skip: [],
  pause: ["upcoming"],
  resume: ["paused", "ended"],
  cancel: ["due", "upcoming", "missed", "paused"],
  delete: ["due", "upcoming", "missed", "paused", "ended"],
};

interface ReminderActionEnds {
  onDone: (action: ReminderAction) => void;
  onFailed: (error: Error) => void;
}

/** Does something to a reminder: at once in the lists, taken back in them when the server refuses. */
export function useReminderAction({ onDone, onFailed }: ReminderActionEnds) {
  const client = useMema();
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: async (action: ReminderAction) => {
      if (action.act === "snooze") return client.reminders.snooze.mutate({ id: action.id, preset: action.preset });
      if (action.act === "delete") return client.reminders.delete.mutate({ id: action.id });
      return client.reminders[action.act].mutate({ id: action.id });
    },
    onMutate: async ({ act, id }) => {
      await queryClient.cancelQueries({ queryKey: ["reminders", "list"] });
      const before = queryClient.getQueriesData<{ pages: Page[] }>({ queryKey: ["reminders", "list"] });
      for (const view of leaves[act]) {
        queryClient.setQueryData<{ pages: Page[] }>(["reminders", "list", view], (data) =>
          data === undefined
            ? undefined
            : { ...data, pages: data.pages.map((page) => ({ ...page, items: page.items.filter((each) => each.id !== id) })) },
        );
      }
      return { before };
    },
    onSuccess: (_reminder, action) => onDone(action),
    onError: (error, _action, context) => {
      for (const [key, data] of context?.before ?? []) queryClient.setQueryData(key, data);
      onFailed(error);
    },
    onSettled: () => queryClient.invalidateQueries({ queryKey: ["reminders"] }),
  });
}
