import { getRouteApi } from "@tanstack/react-router";
import { useEffect, useRef, useState } from "react";
import { PageHead } from "../../app/shell.tsx";
import { browserZone, endOfDay, isoDayOf, presentMs } from "../../app/time.ts";
import { Icon } from "../../design/icon.tsx";
import { RecallResults } from "../recall/recall-results.tsx";
import { MessageDrawer } from "../messages/message-drawer.tsx";
import { useMe } from "../session/session.tsx";
import { FactDrawer } from "./fact-drawer.tsx";
import { FactList } from "./fact-list.tsx";
import "./facts.css";

const route = getRouteApi("/memory");
const settleMs = 200;

/** One search box over everything that was said and learnt; without a question all facts, the newest first. */
export function MemoryPage() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const { zone } = useMe();
  const [question, setQuestion] = useState(search.q ?? "");
  const field = useRef<HTMLInputElement>(null);
  const today = isoDayOf(new Date(presentMs()).toISOString(), zone);
  const asOf = search.asOf === undefined ? undefined : endOfDay(search.asOf, zone);

  useEffect(() => {
    const timer = setTimeout(() => {
      const q = question.trim() === "" ? undefined : question.trim();
      if (q !== search.q) void navigate({ search: (before) => ({ ...before, q }), replace: true });
    }, settleMs);
    return () => clearTimeout(timer);
  }, [question, search.q, navigate]);

  useEffect(() => {
    if (search.focus !== true) return;
    field.current?.focus();
    void navigate({ search: (before) => ({ ...before, focus: undefined }), replace: true });
  }, [search.focus, navigate]);

  const closeDrawer = () => void navigate({ search: (before) => ({ ...before, fact: undefined, message: undefined }) });

  return (
    <>
      <PageHead title="Memory">Everything that was said and learnt, and where it comes from.</PageHead>
      <search className="memory-search">
        <div className="search-box">
          <Icon name="search" />
          <label className="visually-hidden" htmlFor="question">
            Search facts and messages
          </label>
          <input
            ref={field}
            id="question"
            className="input"
            type="search"
            maxLength={4_000}
            placeholder="Ask or search: what does my climber friend like?"
            value={question}
            onChange={(event) => setQuestion(event.target.value)}
          />
        </div>
        <div className="as-of">
          <label htmlFor="as-of">As believed on</label>
          <input
            id="as-of"
            className="input"
            type="date"
            max={today}
            value={search.asOf ?? ""}
            onChange={(event) =>
              void navigate({ search: (before) => ({ ...before, asOf: event.target.value === "" ? undefined : event.target.value }) })
            }
          />
        </div>
      </search>
      {search.asOf !== undefined && (
        <p className="note as-of-note" role="status">
          <span>
            This is what was believed at the end of {search.asOf} ({zone === browserZone() ? "your time" : zone}).
          </span>
          <button
            type="button"
            className="button small"
            onClick={() => void navigate({ search: (before) => ({ ...before, asOf: undefined }) })}
          >
            Back to today
          </button>
        </p>
      )}
      {search.q === undefined ? <FactList asOf={asOf} zone={zone} /> : <RecallResults query={search.q} asOf={asOf} zone={zone} />}
      {search.fact !== undefined && <FactDrawer key={search.fact} id={search.fact} zone={zone} onClose={closeDrawer} />}
      {search.message !== undefined && <MessageDrawer id={search.message} zone={zone} onClose={closeDrawer} />}
    </>
  );
}
