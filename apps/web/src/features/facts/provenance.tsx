import { useQuery } from "@tanstack/react-query";
import type { Fact } from "../../app/api-types.ts";
import { momentOf } from "../../app/time.ts";
import { QuotedText } from "../../design/quoted-text.tsx";
import { ProblemNote } from "../../design/states.tsx";
import { useMema } from "../session/session.tsx";

interface ProvenanceProps {
  shown: Fact;
  /** Every version, the oldest first. */
  versions: readonly Fact[];
  zone: string;
}

/** The message that a fact rests on, word for word, with the words in it marked; of a correction, the one that it corrects. */
export function Provenance({ shown, versions, zone }: ProvenanceProps) {
  const client = useMema();
  const until = versions.findIndex(({ id }) => id === shown.id) + 1;
  const fact = versions.slice(0, until).findLast(({ sourceMessageId }) => sourceMessageId !== null) ?? shown;
  const id = fact.sourceMessageId;
  const message = useQuery({
    queryKey: ["messages", "one", id],
    queryFn: ({ signal }) => client.messages.byId.query({ id: id ?? "" }, { signal }),
    enabled: id !== null,
  });
  const spans = fact.sourceStart === null || fact.sourceEnd === null ? [] : [{ start: fact.sourceStart, end: fact.sourceEnd }];
  return (
    <section>
      <h3>Where it comes from</h3>
      {fact !== shown && <p className="hint">This version was written in by hand. What it corrects came from here:</p>}
      {id === null && <p className="hint">It was written in directly, not taken from a message.</p>}
      {message.isError && <ProblemNote error={message.error} />}
      {message.isSuccess && (
        <figure className="source">
          <blockquote>
            <QuotedText text={message.data.content} spans={spans} />
          </blockquote>
          <figcaption className="meta">
            {message.data.author ?? (message.data.role === "user" ? "You" : message.data.role)}, {momentOf(message.data.sentAt, zone)}
          </figcaption>
        </figure>
      )}
    </section>
  );
}
