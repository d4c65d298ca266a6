import { keepPreviousData, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useDeferredValue, useState } from "react";
import { isoDayOf, presentMs } from "../../app/time.ts";
import { Dialog } from "../../design/dialog.tsx";
import { Field } from "../../design/field.tsx";
import { ProblemNote } from "../../design/states.tsx";
import { useSay } from "../../design/toasts.tsx";
import { useMe, useMema } from "../session/session.tsx";
import { type ScheduleDraft, timingOf } from "./schedule-form.ts";
import { ScheduleFields } from "./schedule-fields.tsx";
import { Timeline } from "./timeline.tsx";

/** Makes a reminder; every time it would fire is shown before it is saved. */
export function NewReminderDialog({ onClose }: { onClose: () => void }) {
  const client = useMema();
  const queryClient = useQueryClient();
  const say = useSay();
  const { zone } = useMe();
  const [title, setTitle] = useState("");
  const [urgent, setUrgent] = useState(false);
  const [draft, setDraft] = useState<ScheduleDraft>(() => ({
    way: "once",
    day: isoDayOf(new Date(presentMs() + 86_400_000).toISOString(), zone),
    time: "09:00",
    amount: 20,
    unit: "minutes",
    frequency: "WEEKDAYS",
    factId: "",
    daysBefore: 3,
    yearly: true,
    tz: "",
  }));
  const timing = timingOf(useDeferredValue(draft));
  const preview = useQuery({
    queryKey: ["reminders", "preview", timing],
    queryFn: ({ signal }) => client.reminders.preview.query({ ...timing, limit: 12 }, { signal }),
    enabled: timing !== null,
    placeholderData: keepPreviousData,
    gcTime: 0,
  });
  const create = useMutation({
    mutationFn: () =>
      client.reminders.create.mutate({ title: title.trim(), ...timingOf(draft), ...(urgent ? { priority: "urgent" as const } : {}) }),
    onSuccess: (reminder) => {
      say(`Planned: ${reminder.next?.sentence ?? reminder.title}`);
      onClose();
    },
    onSettled: () => queryClient.invalidateQueries({ queryKey: ["reminders"] }),
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    create.mutate();
  };
  return (
    <Dialog title="New reminder" form="drawer" onClose={onClose}>
      <form className="form" onSubmit={submit}>
        <Field label="Of what?">
          {(control) => (
            <input
              {...control}
              required
              maxLength={500}
              placeholder="Buy a gift for Dima"
              value={title}
              onChange={(event) => setTitle(event.target.value)}
            />
          )}
        </Field>
        <ScheduleFields draft={draft} setDraft={setDraft} userZone={zone} />
        <label className="check">
          <input type="checkbox" checked={urgent} onChange={(event) => setUrgent(event.target.checked)} />
          <span>
            Urgent<span className="hint block">It goes before everything else that is due.</span>
          </span>
        </label>
        <div className="preview" aria-live="polite">
          <h3>It will fire</h3>
          {timing === null && <p className="hint">Fill in the time to see it.</p>}
          {timing !== null && preview.isPending && <span className="skeleton half" />}
          {preview.isError && <ProblemNote error={preview.error} />}
          {timing !== null && preview.isSuccess && <Timeline moments={preview.data.occurrences} tz={preview.data.tz} />}
        </div>
        {create.isError && <ProblemNote error={create.error} />}
        <div className="dialog-actions">
          <button type="button" className="button" onClick={onClose}>
            Cancel
          </button>
          <button
            type="submit"
            className="button primary"
            disabled={title.trim() === "" || timing === null || preview.isError || create.isPending}
          >
            Create reminder
          </button>
        </div>
      </form>
    </Dialog>
  );
}
