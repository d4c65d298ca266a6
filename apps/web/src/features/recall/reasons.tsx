import type { RecallResult } from "../../app/api-types.ts";

type Contribution = NonNullable<RecallResult["contributions"]>[number];

function words(contribution: Contribution, all: readonly RecallResult[]): string {
  switch (contribution.from) {
    case "term":
      return `the word “${contribution.term}”`;
    case "neighbour": {
      const near = all.find(({ id }) => id === contribution.id);
      return near === undefined
        ? "what was said beside it"
        : `said beside “${near.text.slice(0, 40).trimEnd()}${near.text.length > 40 ? "…" : ""}”`;
    }
    case "meaning":
      return "it means about what you asked";
    case "session":
      return "the conversation is about it";
    case "speaker":
      return "who said it";
    case "length":
      return "how much it says";
    case "fact_type":
      return "it is the kind of thing you asked for";
    case "sensitivity":
      return "how long such a thing stays true";
    case "period":
      return "the time you named";
    case "recency":
      return "it is recent";
    default: {
      const from: string = (contribution as { from: string }).from;
      return from;
    }
  }
}

const shown = 3;

/** Two decimals, without a minus before nothing. */
const hundredths = (score: number) => (Math.abs(score) < 0.005 ? 0 : score).toFixed(2);

/** Why a result was found: the main reasons in words, and all of them in numbers that add up to its score. */
export function Reasons({ result, all }: { result: RecallResult; all: readonly RecallResult[] }) {
  const reasons = (result.contributions ?? []).toSorted((a, b) => b.score - a.score);
  if (reasons.length === 0) return null;
  const most = reasons[0]?.score ?? 1;
  return (
    <details className="reasons">
      <summary>
        Found by{" "}
        {reasons
          .slice(0, shown)
          .map((reason) => words(reason, all))
          .join(", ")}
        {reasons.length > shown && ` and ${reasons.length - shown} more`}
      </summary>
      <ul>
        {reasons.map((reason, index) => (
          <li key={index}>
            <span>{words(reason, all)}</span>
            <meter min={0} max={most} value={Math.max(reason.score, 0)} aria-label={`share of ${words(reason, all)}`} />
            <span className="mono">{hundredths(reason.score)}</span>
          </li>
        ))}
        <li className="sum">
          <span>Score</span>
          <span />
          <span className="mono">{result.score.toFixed(2)}</span>
        </li>
      </ul>
    </details>
  );
}
