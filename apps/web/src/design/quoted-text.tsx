export interface Span {
  start: number;
  end: number;
}

/** A text as it was written, with the words that something rests on marked. Spans are UTF-16 offsets; they may overlap or be wrong. */
export function QuotedText({ text, spans }: { text: string; spans: readonly Span[] }) {
  const parts: { text: string; marked: boolean; at: number }[] = [];
  let at = 0;
  for (const { start, end } of spans.toSorted((a, b) => a.start - b.start)) {
    const from = Math.max(start, at);
    const to = Math.min(end, text.length);
    if (to <= from) continue;
    if (from > at) parts.push({ text: text.slice(at, from), marked: false, at });
    parts.push({ text: text.slice(from, to), marked: true, at: from });
    at = to;
  }
  if (at < text.length) parts.push({ text: text.slice(at), marked: false, at });
  return (
    <span className="verbatim">
      {parts.map((part) => (part.marked ? <mark key={part.at}>{part.text}</mark> : <span key={part.at}>{part.text}</span>))}
    </span>
  );
}
