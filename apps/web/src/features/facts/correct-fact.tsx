import { type FormEvent, useState } from "react";
import type { Fact } from "../../app/api-types.ts";
import { fieldIssue } from "../../app/problems.ts";
import { Field } from "../../design/field.tsx";
import { ProblemNote } from "../../design/states.tsx";
import { useSay } from "../../design/toasts.tsx";
import { factTypeNames } from "./fact-words.ts";
import { useCorrectFact } from "./use-facts.ts";

interface CorrectFactProps {
  fact: Fact;
  onCancel: () => void;
  onCorrected: (fact: Fact) => void;
}

/** A correction becomes a new version; what was believed before stays readable. */
export function CorrectFact({ fact, onCancel, onCorrected }: CorrectFactProps) {
  const [content, setContent] = useState(fact.content);
  const [factType, setFactType] = useState(fact.factType);
  const [eventDate, setEventDate] = useState(fact.eventDate ?? "");
  // What was looked at when the form was opened: a change made meanwhile in another window is said, and overwritten only by a second try.
  const [opened] = useState(fact);
  const correct = useCorrectFact();
  const looked = correct.isError ? fact : opened;
  const say = useSay();
  const issue = fieldIssue(correct.error, "content");

  const submit = (event: FormEvent) => {
    event.preventDefault();
    correct.mutate(
      { id: looked.id, version: looked.version, content: content.trim(), factType, eventDate: eventDate === "" ? null : eventDate },
      {
        onSuccess: ({ fact: corrected, movedReminderIds }) => {
          say(movedReminderIds.length === 0 ? "Corrected." : `Corrected; ${movedReminderIds.length} reminders moved with it.`);
          onCorrected(corrected);
        },
      },
    );
  };

  return (
    <form className="card form" onSubmit={submit} aria-label="Correct this fact">
      <Field label="What is true" problem={issue}>
        {(control) => (
          <textarea {...control} maxLength={4_000} required value={content} onChange={(event) => setContent(event.target.value)} />
        )}
      </Field>
      <div className="row">
        <Field label="Kind" grow>
          {(control) => (
            <select {...control} value={factType} onChange={(event) => setFactType(event.target.value as Fact["factType"])}>
              {Object.entries(factTypeNames).map(([type, name]) => (
                <option key={type} value={type}>
                  {name}
                </option>
              ))}
            </select>
          )}
        </Field>
        <Field label="Day, if it has one" grow>
          {(control) => <input {...control} type="date" value={eventDate} onChange={(event) => setEventDate(event.target.value)} />}
        </Field>
      </div>
      {correct.isError && <ProblemNote error={correct.error} />}
      <div className="dialog-actions">
        <button type="button" className="button" onClick={onCancel}>
          Cancel
        </button>
        <button type="submit" className="button primary" disabled={correct.isPending || content.trim() === ""}>
          Save as new version
        </button>
      </div>
    </form>
  );
}
