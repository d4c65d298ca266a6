import { Link } from "@tanstack/react-router";
import { useState } from "react";
import type { Fact } from "../../app/api-types.ts";
import { dayOf } from "../../app/time.ts";
import { Empty, ProblemNote, Skeletons } from "../../design/states.tsx";
import { WindowList } from "../../design/window-list.tsx";
import { factTypeNames, outdatedReasonNames } from "./fact-words.ts";
import { useFactList } from "./use-facts.ts";

const keyOf = ({ id }: Fact) => id;
const types = Object.keys(factTypeNames) as Fact["factType"][];

/** All facts of a kind, however many. */
export function FactList({ asOf, zone }: { asOf: string | undefined; zone: string }) {
  const [factType, setFactType] = useState<Fact["factType"] | undefined>(undefined);
  const list = useFactList({ asOf, factType });
  const facts = list.data?.pages.flatMap((page) => page.items) ?? [];
  const more = list.hasNextPage && !list.isFetchingNextPage ? () => void list.fetchNextPage() : null;

  return (
    <section aria-label="Facts">
      <div className="choice fact-types" role="group" aria-label="Kind of fact">
        <button type="button" aria-pressed={factType === undefined} onClick={() => setFactType(undefined)}>
          All
        </button>
        {types.map((type) => (
          <button key={type} type="button" aria-pressed={factType === type} onClick={() => setFactType(type)}>
            {type === "other" ? "Other" : factTypeNames[type]}
          </button>
        ))}
      </div>
      {list.isPending && <Skeletons label="facts" rows={6} />}
      {list.isError && <ProblemNote error={list.error} retry={() => void list.refetch()} />}
      {list.isSuccess && facts.length === 0 && (
        <Empty title={asOf === undefined && factType === undefined ? "Nothing is remembered yet" : "Nothing here"}>
          {asOf !== undefined
            ? "On that day nothing of this kind was known. Choose a later day."
            : factType !== undefined
              ? "There is no fact of this kind. Choose another kind, or All."
              : "Go to Talk and begin a message with “Remember that …”."}
        </Empty>
      )}
      {facts.length > 0 && (
        <WindowList label="Facts" items={facts} keyOf={keyOf} estimate={76} more={more}>
          {(fact) => <FactRow fact={fact} zone={zone} />}
        </WindowList>
      )}
    </section>
  );
}

export function FactRow({ fact, zone }: { fact: Fact; zone: string }) {
  return (
    <Link className="fact-row" to="/memory" search={(before) => ({ ...before, fact: fact.id })}>
      <span className={fact.status === "outdated" ? "fact-content clamp outdated" : "fact-content clamp"}>{fact.content}</span>
      <span className="meta">
        {factTypeNames[fact.factType]}
        {fact.eventDate !== null && ` · ${fact.eventDate}`} · learnt {dayOf(fact.recordedAt, zone)}
        {fact.outdatedReason !== null && ` · ${outdatedReasonNames[fact.outdatedReason]}`}
      </span>
    </Link>
  );
}
