import { useQuery } from "@tanstack/react-query";
import { lazy, Suspense, useState } from "react";
import type { Message, Understood } from "../../app/api-types.ts";
import { timeOf } from "../../app/time.ts";
import { Icon } from "../../design/icon.tsx";
import { QuotedText, type Span } from "../../design/quoted-text.tsx";
import { useRecentReminders } from "../reminders/use-reminders.ts";
import { useMema } from "../session/session.tsx";
import { PlannedReminder, RememberedFact, UnderstoodCard } from "./understood-card.tsx";
import { understoodKey } from "./use-messages.ts";

const DeleteMessageDialog = lazy(async () => ({ default: (await import("./delete-message-dialog.tsx")).DeleteMessageDialog }));

interface MessageCardProps {
  message: Message;
  zone: string;
  /** Not stored yet. */
  waiting: boolean;
}

/** A message word for word, the words that something rests on marked, and below it what they led to. */
export function MessageCard({ message, zone, waiting }: MessageCardProps) {
  const client = useMema();
  const [deleting, setDeleting] = useState(false);
  const [whole, setWhole] = useState(false);
  const long = message.content.length > 1_500 || message.content.split("\n").length > 20;
  const understood = useQuery<Understood[] | null>({
    queryKey: understoodKey(message.id),
    // Only an answer to `send` fills this; it is not asked for again.
    queryFn: () => null,
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: Number.POSITIVE_INFINITY,
  });
  const facts = useQuery({
    queryKey: ["facts", "of-message", message.id],
    queryFn: ({ signal }) => client.facts.list.query({ sourceMessageId: message.id, limit: 20 }, { signal }),
    enabled: !waiting && message.role === "user",
  });
  const remembered = facts.data?.items ?? [];
  const reminders = useRecentReminders().data?.items.filter(({ sourceMessageId }) => sourceMessageId === message.id) ?? [];
  const others = understood.data?.filter(({ kind }) => kind !== "fact" && kind !== "reminder") ?? [];
  const spans: Span[] = [
    ...remembered.flatMap(({ sourceStart, sourceEnd }) =>
      sourceStart === null || sourceEnd === null ? [] : [{ start: sourceStart, end: sourceEnd }],
    ),
    ...(understood.data?.filter(({ kind }) => kind !== "fact") ?? []),
  ];

  return (
    <article className={waiting ? "message waiting" : "message"} aria-busy={waiting}>
      <div className="message-head">
        <p className="meta">
          <strong>{message.author ?? (message.role === "user" ? "You" : message.role)}</strong> ·{" "}
          {waiting ? "sending…" : <time dateTime={message.sentAt}>{timeOf(message.sentAt, zone)}</time>}
          {message.source !== null && message.source !== "web" && ` · ${message.source}`}
        </p>
        {!waiting && (
          <button type="button" className="button quiet small icon-only" aria-label="Forget this message" onClick={() => setDeleting(true)}>
            <Icon name="trash" />
          </button>
        )}
      </div>
      <p className={long && !whole ? "clamp tall" : undefined}>
        <QuotedText text={message.content} spans={spans} />
      </p>
      {long && (
        <button type="button" className="button quiet small" aria-expanded={whole} onClick={() => setWhole(!whole)}>
          {whole ? "Show less" : "Show all of it"}
        </button>
      )}
      {remembered.length + reminders.length + others.length > 0 && (
        <ul className="understood" aria-label="What was understood">
          {remembered.map((fact) => (
            <li key={fact.id}>
              <RememberedFact fact={fact} />
            </li>
          ))}
          {reminders.map((reminder) => (
            <li key={reminder.id}>
              <PlannedReminder
                id={reminder.id}
                title={reminder.title}
                next={reminder.next}
                assumedTime={
                  understood.data?.some((each) => each.kind === "reminder" && each.reminderId === reminder.id && each.assumedTime) ?? false
                }
              />
            </li>
          ))}
          {others.map((each) => (
            <li key={`${each.kind} ${each.start}`}>
              <UnderstoodCard understood={each} messageId={message.id} />
            </li>
          ))}
        </ul>
      )}
      {understood.data?.length === 0 && remembered.length === 0 && (
        <p className="meta">Stored as it is, and found by search. Begin with “Remember that …” or “Remind me …” to have it acted on.</p>
      )}
      {deleting && (
        <Suspense>
          <DeleteMessageDialog message={message} facts={remembered} onClose={() => setDeleting(false)} />
        </Suspense>
      )}
    </article>
  );
}
