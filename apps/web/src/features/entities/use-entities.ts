import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import type { Entity } from "../../app/api-types.ts";
import { useMema } from "../session/session.tsx";

export const entityTypeNames: Record<Entity["type"], string> = {
  person: "Person",
  place: "Place",
  organization: "Organisation",
  other: "Thing",
};

/** People and things by name. `search` is the beginning of a name or alias. */
export function useEntityList(filters: { search?: string | undefined; type?: Entity["type"] | undefined }) {
  const client = useMema();
  return useInfiniteQuery({
    queryKey: ["entities", "list", filters],
    queryFn: ({ pageParam, signal }) => client.entities.list.query({ ...filters, cursor: pageParam, limit: 100 }, { signal }),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.nextCursor ?? undefined,
  });
}

export function useEntity(id: string) {
  const client = useMema();
  return useQuery({ queryKey: ["entities", "one", id], queryFn: ({ signal }) => client.entities.byId.query({ id }, { signal }) });
}

export interface EntityChanges {
  canonicalName: string;
  aliases: string[];
  type: Entity["type"];
  description: string | null;
}

/** Shows the change at once and takes it back when the server refuses. */
export function useUpdateEntity(entity: Entity) {
  const client = useMema();
  const queryClient = useQueryClient();
  const key = ["entities", "one", entity.id];
  return useMutation({
    mutationFn: (changes: EntityChanges) => client.entities.update.mutate({ id: entity.id, version: entity.version, ...changes }),
    onMutate: async (changes) => {
      await queryClient.cancelQueries({ queryKey: key });
      const before = queryClient.getQueryData<Entity>(key);
      queryClient.setQueryData<Entity>(key, (now) => (now === undefined ? now : { ...now, ...changes }));
      return { before };
    },
    onError: (_error, _changes, context) => queryClient.setQueryData(key, context?.before),
    onSettled: () => queryClient.invalidateQueries({ queryKey: ["entities"] }),
  });
}

/** Makes `fromId` a part of `intoId`: facts, reminders and names move. */
export function useMergeEntities() {
  const client = useMema();
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: (input: { intoId: string; fromId: string }) => client.entities.merge.mutate(input),
    onSettled: () => queryClient.invalidateQueries(),
  });
}
