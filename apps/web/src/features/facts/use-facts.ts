import { type InfiniteData, useInfiniteQuery, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import type { Fact } from "../../app/api-types.ts";
import { useSay } from "../../design/toasts.tsx";
import { useMema } from "../session/session.tsx";

type Page = { items: Fact[]; nextCursor: string | null };

export interface FactFilters {
  factType?: Fact["factType"] | undefined;
  entityId?: string | undefined;
  /** What was believed at this instant. */
  asOf?: string | undefined;
}

/** Facts, the newest first, page by page. Without `asOf` what is believed now. */
export function useFactList(filters: FactFilters) {
  const client = useMema();
  return useInfiniteQuery({
    queryKey: ["facts", "list", filters],
    queryFn: ({ pageParam, signal }) => client.facts.list.query({ ...filters, cursor: pageParam, limit: 100 }, { signal }),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.nextCursor ?? undefined,
  });
}

export function useFact(id: string) {
  const client = useMema();
  return useQuery({ queryKey: ["facts", "one", id], queryFn: ({ signal }) => client.facts.byId.query({ id }, { signal }) });
}

/** Every version of a fact, the oldest first. */
export function useFactHistory(id: string) {
  const client = useMema();
  return useQuery({ queryKey: ["facts", "history", id], queryFn: ({ signal }) => client.facts.history.query({ id }, { signal }) });
}

/** Puts a new version in a fact's place; the old one stays in its history. */
export function useCorrectFact() {
  const client = useMema();
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: (input: { id: string; version: number; content: string; factType: Fact["factType"]; eventDate: string | null }) =>
      client.facts.update.mutate(input),
    onSettled: () => queryClient.invalidateQueries(),
  });
}

/** Takes a fact back: it is not believed any more and stays in its history. */
export function useRetractFact() {
  const client = useMema();
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: (fact: Fact) => client.facts.retract.mutate({ id: fact.id, version: fact.version }),
    onSettled: () => queryClient.invalidateQueries(),
  });
}

/**
 * Removes a fact with its whole history, for good: at once in every list, and back in them when the server refuses. Says `done` or
 * `failed` itself: what started it may be gone from the page by then.
 */
export function useForgetFact({ done, failed }: { done: string; failed: string }) {
  const say = useSay();
  const client = useMema();
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: (id: string) => client.facts.delete.mutate({ id }),
    onMutate: async (id) => {
      await queryClient.cancelQueries({ queryKey: ["facts"] });
      const before = queryClient.getQueriesData({ queryKey: ["facts"] });
      queryClient.setQueriesData<unknown>({ queryKey: ["facts"] }, (data: unknown) => withoutFact(data, id));
      return { before };
    },
    onSuccess: () => say(done),
    onError: (_error, _id, context) => {
      for (const [key, data] of context?.before ?? []) queryClient.setQueryData(key, data);
      say(failed);
    },
    onSettled: () => queryClient.invalidateQueries(),
  });
}

const isPage = (data: unknown): data is Page => typeof data === "object" && data !== null && "items" in data;
const isInfinite = (data: unknown): data is InfiniteData<Page> => typeof data === "object" && data !== null && "pages" in data;

function withoutFact(data: unknown, id: string): unknown {
  const drop = (page: Page): Page => ({ ...page, items: page.items.filter((fact) => fact.id !== id) });
  if (isInfinite(data)) return { ...data, pages: data.pages.map(drop) };
  return isPage(data) ? drop(data) : data;
}
