import { Link } from "@tanstack/react-router";
import { useDeferredValue, useState } from "react";
import type { Entity } from "../../app/api-types.ts";
import { PageHead } from "../../app/shell.tsx";
import { Icon } from "../../design/icon.tsx";
import { Empty, ProblemNote, Skeletons } from "../../design/states.tsx";
import { WindowList } from "../../design/window-list.tsx";
import { entityTypeNames, useEntityList } from "./use-entities.ts";
import "./entities.css";

const keyOf = ({ id }: Entity) => id;
const types = Object.keys(entityTypeNames) as Entity["type"][];

export function EntitiesPage() {
  const [words, setWords] = useState("");
  const [type, setType] = useState<Entity["type"] | undefined>(undefined);
  const search = useDeferredValue(words.trim());
  const list = useEntityList({ search: search === "" ? undefined : search, type });
  const entities = list.data?.pages.flatMap((page) => page.items) ?? [];
  const more = list.hasNextPage && !list.isFetchingNextPage ? () => void list.fetchNextPage() : null;
  const filtered = search !== "" || type !== undefined;

  return (
    <>
      <PageHead title="People and things">Whom and what your memory knows, each with everything about it.</PageHead>
      <search className="row entity-search">
        <div className="search-box grow">
          <Icon name="search" />
          <label className="visually-hidden" htmlFor="entity-name">
            Search by name
          </label>
          <input
            id="entity-name"
            type="search"
            className="input"
            maxLength={200}
            placeholder="Beginning of a name"
            value={words}
            onChange={(event) => setWords(event.target.value)}
          />
        </div>
        <div className="choice" role="group" aria-label="Kind">
          <button type="button" aria-pressed={type === undefined} onClick={() => setType(undefined)}>
            All
          </button>
          {types.map((each) => (
            <button key={each} type="button" aria-pressed={type === each} onClick={() => setType(each)}>
              {{ person: "People", place: "Places", organization: "Organisations", other: "Things" }[each]}
            </button>
          ))}
        </div>
      </search>
      {list.isPending && <Skeletons label="people and things" />}
      {list.isError && <ProblemNote error={list.error} retry={() => void list.refetch()} />}
      {list.isSuccess && entities.length === 0 && (
        <Empty title={filtered ? "Nobody and nothing by that name" : "Nobody is known yet"}>
          {filtered
            ? "Try the beginning of the name, or choose All."
            : "Whoever a remembered sentence names appears here: try “Remember that Dima loves climbing” in Talk."}
        </Empty>
      )}
      {entities.length > 0 && (
        <WindowList label="People and things" items={entities} keyOf={keyOf} estimate={72} more={more}>
          {(entity) => <EntityRow entity={entity} />}
        </WindowList>
      )}
    </>
  );
}

function EntityRow({ entity }: { entity: Entity }) {
  return (
    <Link className="entity-row" to="/people/$entityId" params={{ entityId: entity.id }}>
      <span className="initial" aria-hidden="true">
        {initialOf(entity.canonicalName)}
      </span>
      <span>
        <span className="entity-name clamp">{entity.canonicalName}</span>
        <span className="meta block">
          {entityTypeNames[entity.type]}
          {entity.aliases.length > 0 && ` · also ${entity.aliases.join(", ")}`}
          {entity.description !== null && ` · ${entity.description}`}
        </span>
      </span>
    </Link>
  );
}

const letters = new Intl.Segmenter();
const initialOf = (name: string) => letters.segment(name.trim()).containing(0)?.segment.toUpperCase();
