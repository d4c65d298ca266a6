import type { ReactNode } from "react";
import { type Problem, describeProblem } from "../app/problems.ts";

/** What stands in for a list while it loads. */
export function Skeletons({ rows = 4, label }: { rows?: number; label: string }) {
  return (
    <div role="status">
      <span className="visually-hidden">Loading {label}</span>
      <ul className="panel-list" aria-hidden="true">
        {Array.from({ length: rows }, (_, row) => (
          <li key={row} className="stack tight">
            <span className="skeleton" />
            <span className="skeleton half" />
          </li>
        ))}
      </ul>
    </div>
  );
}

/** Nothing is here yet, and how to change that. */
export function Empty({ title, children, action }: { title: string; children: ReactNode; action?: ReactNode }) {
  return (
    <div className="empty">
      <h2>{title}</h2>
      <p>{children}</p>
      {action}
    </div>
  );
}

/** What went wrong and what to do. */
export function ProblemNote({ error, retry }: { error: unknown; retry?: () => void }) {
  const problem: Problem = describeProblem(error);
  return (
    <div className="problem" role="alert">
      <span>
        <strong>{problem.title}</strong> {problem.advice}
      </span>
      {retry !== undefined && (
        <button type="button" className="button small" onClick={retry}>
          Try again
        </button>
      )}
    </div>
  );
}
