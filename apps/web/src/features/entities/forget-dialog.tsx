import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import type { ForgetPreview } from "../../app/api-types.ts";
import { Dialog } from "../../design/dialog.tsx";
import { ProblemNote, Skeletons } from "../../design/states.tsx";
import { useSay } from "../../design/toasts.tsx";
import { useMema } from "../session/session.tsx";
import "./entities.css";

interface ForgetDialogProps {
  /** A name, or the words that everything in the preview holds. */
  what: string;
  /** Undefined while it is being worked out. */
  preview: ForgetPreview | undefined;
  error?: unknown;
  onClose: () => void;
  onForgotten: () => void;
}

/** Shows everything that would be forgotten, lets each be kept, and forgets exactly the rest. */
export function ForgetDialog({ what, preview, error, onClose, onForgotten }: ForgetDialogProps) {
  const client = useMema();
  const queryClient = useQueryClient();
  const say = useSay();
  const [kept, setKept] = useState<ReadonlySet<string>>(new Set());
  const chosen = (items: readonly { id: string }[]) => items.map(({ id }) => id).filter((id) => !kept.has(id));
  const forget = useMutation({
    mutationFn: ({ entities, facts, messages, reminders }: ForgetPreview) =>
      client.entities.forget.mutate({
        entityIds: chosen(entities),
        factIds: chosen(facts),
        messageIds: chosen(messages),
        reminderIds: chosen(reminders),
      }),
    onSuccess: () => {
      say(`“${what}” is forgotten.`);
      onForgotten();
    },
    onSettled: () => queryClient.invalidateQueries(),
  });
  const toggle = (id: string) =>
    setKept((before) => {
      const after = new Set(before);
      if (!after.delete(id)) after.add(id);
      return after;
    });

  const groups =
    preview === undefined
      ? []
      : [
          { title: "Entries", items: preview.entities.map(({ id, canonicalName }) => ({ id, text: canonicalName })) },
          { title: "Facts", items: preview.facts.map(({ id, content }) => ({ id, text: content })) },
          { title: "Messages", items: preview.messages.map(({ id, content }) => ({ id, text: content })) },
          { title: "Reminders", items: preview.reminders.map(({ id, title }) => ({ id, text: title })) },
        ].filter(({ items }) => items.length > 0);
  const count = groups.flatMap(({ items }) => chosen(items)).length;

  return (
    <Dialog title={`Forget everything about ${what}?`} onClose={onClose}>
      {error != null && <ProblemNote error={error} />}
      {preview === undefined && error == null && <Skeletons label="what would be forgotten" />}
      {preview !== undefined && groups.length === 0 && <p>There is nothing to forget.</p>}
      {groups.map(({ title, items }) => (
        <fieldset key={title} className="forget-group">
          <legend className="legend">
            {title} ({items.length})
          </legend>
          {items.map(({ id, text }) => (
            <label key={id} className="check">
              <input type="checkbox" checked={!kept.has(id)} onChange={() => toggle(id)} />
              <span className={kept.has(id) ? "meta" : undefined}>{text.length > 240 ? `${text.slice(0, 240)}…` : text}</span>
            </label>
          ))}
        </fieldset>
      ))}
      <p className="hint">
        Untick what should stay. The rest is removed for good, from the search and from every quote; this cannot be undone.
      </p>
      {forget.isError && <ProblemNote error={forget.error} />}
      <div className="dialog-actions sticky-actions">
        <button type="button" className="button" onClick={onClose}>
          Keep everything
        </button>
        <button
          type="button"
          className="button danger"
          disabled={preview === undefined || count === 0 || forget.isPending}
          onClick={() => preview !== undefined && forget.mutate(preview)}
        >
          Forget {count}
        </button>
      </div>
    </Dialog>
  );
}
