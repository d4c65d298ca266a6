import { type FormEvent, useId, useState } from "react";
import type { Fact } from "../../app/api-types.ts";
import { fieldIssue } from "../../app/problems.ts";
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
  const correct = useCorrectFact();
  const say = useSay();
  const id = useId();
  const issue = fieldIssue(correct.error, "content");

  const submit = (event: FormEvent) => {
    event.preventDefault();
    correct.mutate(
      { id: fact.id, version: fact.version, content: content.trim(), factType, eventDate: eventDate === "" ? null : eventDate },
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
      <div className="field">
        <label htmlFor={`${id}-content`}>What is true</label>
        <textarea
          id={`${id}-content`}
          className="input"
          maxLength={4_000}
          required
          value={content}
          aria-invalid={issue !== null}
          onChange={(event) => setContent(event.target.value)}
        />
      </div>
      <div className="row">
        <div className="field grow">
          <label htmlFor={`${id}-type`}>Kind</label>
          <select
            id={`${id}-type`}
            className="input"
            value={factType}
            onChange={(event) => setFactType(event.target.value as Fact["factType"])}
          >
            {Object.entries(factTypeNames).map(([type, name]) => (
              <option key={type} value={type}>
                {name}
              </option>
            ))}
          </select>
        </div>
        <div className="field grow">
          <label htmlFor={`${id}-day`}>Day, if it has one</label>
          <input id={`${id}-day`} className="input" type="date" value={eventDate} onChange={(event) => setEventDate(event.target.value)} />
        </div>
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
