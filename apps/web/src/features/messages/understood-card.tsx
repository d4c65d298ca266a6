import { Link } from "@tanstack/react-router";
import { useQueryClient } from "@tanstack/react-query";
import { lazy, Suspense, useState } from "react";
import type { Fact, Understood } from "../../app/api-types.ts";
import { Icon } from "../../design/icon.tsx";
import { factTypeNames } from "../facts/fact-words.ts";
import { useForgetFact } from "../facts/use-facts.ts";
import { useAction } from "../reminders/use-action.ts";
import { understoodKey } from "./use-messages.ts";

const ForgetDialog = lazy(async () => ({ default: (await import("../entities/forget-dialog.tsx")).ForgetDialog }));

/** A fact that came out of a message; undo takes it out again for good. */
export function RememberedFact({ fact }: { fact: Fact }) {
  const forget = useForgetFact({
    done: "Undone: the fact is forgotten, the message stays.",
    failed: "It could not be undone. The fact is still remembered.",
  });
  return (
    <div className="understood-card">
      <Icon name="memory" />
      <div>
        <p>
          <Link to="/memory" search={{ fact: fact.id }} className="plain-link">
            {fact.content}
          </Link>
        </p>
        <p className="meta">
          Remembered · {factTypeNames[fact.factType]}
          {fact.eventDate !== null && ` · ${fact.eventDate}`}
        </p>
      </div>
      <button type="button" className="button small" disabled={forget.isPending} onClick={() => forget.mutate(fact.id)}>
        Undo<span className="visually-hidden"> remembering “{fact.content}”</span>
      </button>
    </div>
  );
}

/** A reminder that came out of a message, with its times in words; undo removes it. */
export function PlannedReminder({ id, title, next, assumedTime }: PlannedReminderProps) {
  const { run, busy } = useAction();
  return (
    <div className="understood-card">
      <Icon name="bell" />
      <div>
        <p>
          <Link to="/reminders" search={{ open: id }} className="plain-link">
            {title}
          </Link>
        </p>
        <p className="meta">
          {next === null ? "Nothing more is planned" : next.sentence}
          {assumedTime && " · no hour was said, so the usual one was taken"}
        </p>
      </div>
      <button type="button" className="button small" disabled={busy} onClick={() => run({ act: "delete", id })}>
        Undo<span className="visually-hidden"> the reminder “{title}”</span>
      </button>
    </div>
  );
}

interface PlannedReminderProps {
  id: string;
  title: string;
  next: { sentence: string } | null;
  assumedTime: boolean;
}

/** Whatever else a message led to: a question back, an answer, a wish to forget. */
export function UnderstoodCard({ understood, messageId }: { understood: Understood; messageId: string }) {
  switch (understood.kind) {
    case "question":
      return (
        <div className="understood-card">
          <Icon name="question" />
          <div>
            <p>{understood.question}</p>
            <p className="meta">No reminder was made yet. Say it again with the time, or make it under Reminders.</p>
          </div>
        </div>
      );
    case "answer":
      return <Answer about={understood.about} results={understood.results} />;
    case "forget":
      return <ForgetWish understood={understood} messageId={messageId} />;
    case "fact":
    case "reminder":
      return null;
    default:
      return understood satisfies never;
  }
}

function Answer({ about, results }: Pick<Extract<Understood, { kind: "answer" }>, "about" | "results">) {
  return (
    <div className="understood-card">
      <Icon name="search" />
      <div>
        <p>{results.length === 0 ? `Nothing is known about “${about}” yet.` : `This is known about “${about}”:`}</p>
        <ul className="answer">
          {results.slice(0, 6).map((result) => (
            <li key={result.id}>
              <Link to="/memory" search={result.kind === "fact" ? { fact: result.id } : { message: result.id }} className="plain-link">
                {result.text.length > 200 ? `${result.text.slice(0, 200)}…` : result.text}
              </Link>
            </li>
          ))}
        </ul>
      </div>
      {results.length > 0 && (
        <Link className="button small" to="/memory" search={{ q: about }}>
          Search
        </Link>
      )}
    </div>
  );
}

function ForgetWish({ understood, messageId }: { understood: Extract<Understood, { kind: "forget" }>; messageId: string }) {
  const [asking, setAsking] = useState(false);
  const queryClient = useQueryClient();
  const { preview, what } = understood;
  const count = preview.entities.length + preview.facts.length + preview.messages.length + preview.reminders.length;
  const settle = () => {
    setAsking(false);
    queryClient.setQueryData<Understood[]>(understoodKey(messageId), (all) => all?.filter((each) => each !== understood));
  };
  return (
    <div className="understood-card">
      <Icon name="trash" />
      <div>
        <p>{count === 0 ? `Nothing is remembered about “${what}”.` : `Forget “${what}”?`}</p>
        <p className="meta">{count === 0 ? "There is nothing to forget." : `${count} things would go. Nothing has been removed yet.`}</p>
      </div>
      {count > 0 && (
        <button type="button" className="button small danger" onClick={() => setAsking(true)}>
          Look and decide
        </button>
      )}
      {asking && (
        <Suspense>
          <ForgetDialog what={what} preview={preview} onClose={() => setAsking(false)} onForgotten={settle} />
        </Suspense>
      )}
    </div>
  );
}
