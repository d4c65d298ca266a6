import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { RecallResult } from "../../app/api-types.ts";
import { dayOf } from "../../app/time.ts";
import { QuotedText } from "../../design/quoted-text.tsx";
import { Empty, ProblemNote, Skeletons } from "../../design/states.tsx";
import { useMema } from "../session/session.tsx";
import { Reasons } from "./reasons.tsx";
import "./recall.css";

interface RecallResultsProps {
  query: string;
  asOf: string | undefined;
  zone: string;
}

/** What answers a question, facts and messages in one ranking, each with why it was found. */
export function RecallResults({ query, asOf, zone }: RecallResultsProps) {
  const client = useMema();
  const found = useQuery({
    queryKey: ["recall", query, asOf],
    queryFn: ({ signal }) => client.recall.search.query({ query, asOf, limit: 30, explain: true }, { signal }),
    placeholderData: keepPreviousData,
  });
  const results = found.data?.results ?? [];
  return (
    <section aria-label="What was found" aria-busy={found.isFetching}>
      <p className="visually-hidden" role="status">
        {found.isSuccess && !found.isPlaceholderData && `${results.length} found for ${query}`}
      </p>
      {found.isPending && <Skeletons label="what was found" />}
      {found.isError && <ProblemNote error={found.error} retry={() => void found.refetch()} />}
      {found.isSuccess && results.length === 0 && (
        <Empty title="Nothing found">
          Try other words or a name. Only what was said or learnt{asOf === undefined ? "" : " until that day"} is searched.
        </Empty>
      )}
      <ol className="results">
        {results.map((result) => (
          <li key={`${result.kind} ${result.id}`}>
            <Result result={result} all={results} zone={zone} />
          </li>
        ))}
      </ol>
    </section>
  );
}

const longest = 420;

function Result({ result, all, zone }: { result: RecallResult; all: readonly RecallResult[]; zone: string }) {
  const { text } = result;
  const open = result.kind === "fact" ? { fact: result.id } : { message: result.id };
  const terms = (result.contributions ?? []).flatMap((each) => (each.from === "term" ? each.term : []));
  const shown = text.length > longest ? `${text.slice(0, longest).trimEnd()}…` : text;
  return (
    <article className="result">
      <p className="meta">
        <span className={result.kind === "fact" ? "tag good" : "tag"}>{result.kind === "fact" ? "Fact" : "Message"}</span>{" "}
        {result.author !== null && `${result.author} · `}
        {dayOf(result.date, zone)}
      </p>
      <p className={result.kind === "fact" ? "fact-content" : undefined}>
        <Link to="/memory" search={(before) => ({ ...before, ...open })} className="result-link">
          <QuotedText text={shown} spans={result.kind === "message" ? wordSpans(shown, terms) : []} />
        </Link>
      </p>
      {result.quote !== null && <p className="quote">{result.quote.text}</p>}
      <Reasons result={result} all={all} />
    </article>
  );
}

/** Where words that begin like a found stem stand: "climb" marks "climbing". */
function wordSpans(text: string, stems: readonly string[]): { start: number; end: number }[] {
  const folded = stems.map((stem) => stem.toLowerCase());
  return [...text.matchAll(/[\p{L}\p{N}]+/gu)].flatMap(({ 0: word, index }) => {
    const lower = word.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
    return folded.some((stem) => lower === stem || (stem.length > 2 && lower.startsWith(stem)))
      ? [{ start: index, end: index + word.length }]
      : [];
  });
}
