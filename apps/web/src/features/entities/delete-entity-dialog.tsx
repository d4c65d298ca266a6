import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import type { Entity } from "../../app/api-types.ts";
import { Dialog } from "../../design/dialog.tsx";
import { ProblemNote, Skeletons } from "../../design/states.tsx";
import { useSay } from "../../design/toasts.tsx";
import { useMema } from "../session/session.tsx";

interface DeleteEntityDialogProps {
  entity: Entity;
  onClose: () => void;
  onDeleted: () => void;
}

const counted = (count: number, one: string, many: string) => (count === 1 ? `1 ${one}` : `${count} ${many}`);

/** Deletes the entry, after showing what goes with it and what only loses the link. */
export function DeleteEntityDialog({ entity, onClose, onDeleted }: DeleteEntityDialogProps) {
  const client = useMema();
  const queryClient = useQueryClient();
  const say = useSay();
  const preview = useQuery({
    queryKey: ["entities", "delete-preview", entity.id],
    queryFn: ({ signal }) => client.entities.previewDelete.query({ id: entity.id }, { signal }),
    gcTime: 0,
  });
  const remove = useMutation({
    mutationFn: () => client.entities.delete.mutate({ id: entity.id }),
    onSuccess: () => {
      say(`${entity.canonicalName} is deleted.`);
      onDeleted();
    },
    onSettled: () => queryClient.invalidateQueries(),
  });
  return (
    <Dialog title={`Delete the entry ${entity.canonicalName}?`} onClose={onClose}>
      {preview.isPending && <Skeletons label="what would go" rows={2} />}
      {preview.isError && <ProblemNote error={preview.error} />}
      {preview.isSuccess && (
        <ul className="consequences">
          <li>
            {counted(preview.data.factIds.length, "fact that is about nothing else goes", "facts that are about nothing else go")} with it.
          </li>
          <li>{counted(preview.data.keptFactIds.length, "other fact stays", "other facts stay")}, without the link.</li>
          <li>{counted(preview.data.reminderIds.length, "reminder is", "reminders are")} concerned.</li>
          <li>Messages stay as they were said. To remove those too, use “Forget everything”.</li>
        </ul>
      )}
      {remove.isError && <ProblemNote error={remove.error} />}
      <div className="dialog-actions">
        <button type="button" className="button" onClick={onClose}>
          Keep it
        </button>
        <button type="button" className="button danger" disabled={!preview.isSuccess || remove.isPending} onClick={() => remove.mutate()}>
          Delete
        </button>
      </div>
    </Dialog>
  );
}
