import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import type { Reminder } from "../../app/api-types.ts";
import { Field } from "../../design/field.tsx";
import { ProblemNote } from "../../design/states.tsx";
import { useSay } from "../../design/toasts.tsx";
import { useMema } from "../session/session.tsx";
import { useUndo } from "./use-action.ts";

interface EditOccurrenceProps {
  reminder: Reminder;
  onClose: () => void;
}

/** Moves or renames one coming time; the rule and all other times stay as they are. */
export function EditOccurrence({ reminder, onClose }: EditOccurrenceProps) {
  const client = useMema();
  const queryClient = useQueryClient();
  const say = useSay();
  const undo = useUndo();
  const [chosen, setChosen] = useState(reminder.upcoming[0]);
  const [local, setLocal] = useState(chosen?.local.slice(0, 16) ?? "");
  const [title, setTitle] = useState(chosen?.title ?? reminder.title);
  const save = useMutation({
    mutationFn: () =>
      client.reminders.updateOccurrence.mutate({
        id: reminder.id,
        version: reminder.version,
        ...(chosen === undefined ? {} : { occurrenceAt: chosen.occurrenceAt }),
        ...(local === chosen?.local.slice(0, 16)
          ? {}
          : { at: { local: `${local}:00`, ...(chosen === undefined ? {} : { tz: chosen.tz }) } }),
        title: title.trim() === reminder.title || title.trim() === "" ? null : title.trim(),
      }),
    onSuccess: () => {
      say("This one time is changed; the others stay.", { label: "Undo", run: () => undo(reminder.id) });
      onClose();
    },
    onSettled: () => queryClient.invalidateQueries({ queryKey: ["reminders"] }),
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    save.mutate();
  };
  const choose = (occurrenceAt: string) => {
    const next = reminder.upcoming.find((each) => each.occurrenceAt === occurrenceAt);
    setChosen(next);
    setLocal(next?.local.slice(0, 16) ?? "");
    setTitle(next?.title ?? reminder.title);
  };
  return (
    <form className="card form" onSubmit={submit} aria-label="Change one time">
      <Field label="Which time?">
        {(control) => (
          <select {...control} value={chosen?.occurrenceAt} onChange={(event) => choose(event.target.value)}>
            {reminder.upcoming.map((each) => (
              <option key={each.occurrenceAt} value={each.occurrenceAt}>
                {each.sentence}
              </option>
            ))}
          </select>
        )}
      </Field>
      <Field label="Instead at">
        {(control) => (
          <input {...control} type="datetime-local" required value={local} onChange={(event) => setLocal(event.target.value)} />
        )}
      </Field>
      <Field label="Called">
        {(control) => <input {...control} maxLength={500} value={title} onChange={(event) => setTitle(event.target.value)} />}
      </Field>
      {save.isError && <ProblemNote error={save.error} />}
      <div className="dialog-actions">
        <button type="button" className="button" onClick={onClose}>
          Cancel
        </button>
        <button type="submit" className="button primary" disabled={save.isPending}>
          Change this time only
        </button>
      </div>
    </form>
  );
}
