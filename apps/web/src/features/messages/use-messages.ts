import { type InfiniteData, useInfiniteQuery, useMutation, useQueryClient } from "@tanstack/react-query";
import type { Message, Understood } from "../../app/api-types.ts";
import { presentMs } from "../../app/time.ts";
import { useSay } from "../../design/toasts.tsx";
import { useMema } from "../session/session.tsx";

type Pages = InfiniteData<{ items: Message[]; nextCursor: string | null }, string | undefined>;

const feedKey = ["messages", "feed"] as const;

/** All messages, the newest first, page by page. */
export function useMessageFeed() {
  const client = useMema();
  return useInfiniteQuery({
    queryKey: feedKey,
    queryFn: ({ pageParam, signal }) => client.messages.list.query({ cursor: pageParam, limit: 40 }, { signal }),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.nextCursor ?? undefined,
  });
}

/** What a message led to, kept for as long as the page is open: the API tells it once, when the message is sent. */
export const understoodKey = (messageId: string) => ["understood", messageId] as const;

export interface Outgoing {
  text: string;
  /** Makes a retry harmless: the same id is stored once. */
  externalId: string;
}

/**
 * Sends a message. It stands in the feed at once; when it cannot be stored it leaves the feed and the words go back to the person.
 * While the browser is offline it waits and is sent when the connection is back.
 */
export function useSendMessage(onFailed: (text: string) => void) {
  const client = useMema();
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: ({ text, externalId }: Outgoing) => client.messages.send.mutate({ text, source: "web", externalId }),
    retry: (count, error) => count < 3 && !("data" in error && error.data),
    onMutate: async ({ text, externalId }) => {
      await queryClient.cancelQueries({ queryKey: feedKey });
      const now = new Date(presentMs()).toISOString();
      const waiting: Message = {
        id: externalId,
        createdAt: now,
        sentAt: now,
        conversationId: null,
        role: "user",
        author: null,
        content: text,
        processingStatus: "received",
        source: "web",
        externalId,
      };
      queryClient.setQueryData<Pages>(feedKey, (pages) => prepend(pages, waiting));
    },
    onSuccess: ({ message, understood }: { message: Message; understood: Understood[] }, { externalId }) => {
      queryClient.setQueryData(understoodKey(message.id), understood);
      queryClient.setQueryData<Pages>(feedKey, (pages) => prepend(without(pages, externalId), message));
      for (const domain of ["facts", "reminders"]) void queryClient.invalidateQueries({ queryKey: [domain] });
    },
    onError: (_error, { text, externalId }) => {
      queryClient.setQueryData<Pages>(feedKey, (pages) => without(pages, externalId));
      onFailed(text);
    },
  });
}

/** Removes a message for good, at once in the feed, and brings it back when the server refuses. */
export function useDeleteMessage() {
  const say = useSay();
  const client = useMema();
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: (input: { id: string; withFacts: boolean }) => client.messages.delete.mutate(input),
    onMutate: async ({ id }) => {
      await queryClient.cancelQueries({ queryKey: feedKey });
      const before = queryClient.getQueryData<Pages>(feedKey);
      queryClient.setQueryData<Pages>(feedKey, (pages) => without(pages, id));
      return { before };
    },
    onSuccess: ({ factIds }) =>
      say(factIds.length === 0 ? "The message is forgotten." : `The message and what was learnt from it are forgotten.`),
    onError: (_error, _input, context) => {
      queryClient.setQueryData(feedKey, context?.before);
      say("The message could not be forgotten. It is still there.");
    },
    onSettled: () => queryClient.invalidateQueries(),
  });
}

const emptyPages: Pages = { pages: [{ items: [], nextCursor: null }], pageParams: [undefined] };

function prepend(pages: Pages = emptyPages, message: Message): Pages {
  const [first = { items: [], nextCursor: null }, ...rest] = without(pages, message.id)?.pages ?? [];
  return { ...pages, pages: [{ ...first, items: [message, ...first.items] }, ...rest] };
}

function without(pages: Pages | undefined, id: string): Pages | undefined {
  if (pages === undefined) return undefined;
  return { ...pages, pages: pages.pages.map((page) => ({ ...page, items: page.items.filter((message) => message.id !== id) })) };
}
