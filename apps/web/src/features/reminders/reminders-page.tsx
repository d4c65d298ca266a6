import { getRouteApi } from "@tanstack/react-router";
import { useState } from "react";
import type { Reminder } from "../../app/api-types.ts";
import { PageHead } from "../../app/shell.tsx";
import { browserZone } from "../../app/time.ts";
import { Icon } from "../../design/icon.tsx";
import { Empty, ProblemNote, Skeletons } from "../../design/states.tsx";
import { WindowList } from "../../design/window-list.tsx";
import { useMe } from "../session/session.tsx";
import { ZoneNote } from "../session/zone-note.tsx";
import { NewReminderDialog } from "./new-reminder-dialog.tsx";
import { ReminderDrawer } from "./reminder-drawer.tsx";
import { ReminderRow } from "./reminder-row.tsx";
import { type ReminderView, useReminderList } from "./use-reminders.ts";
import "./reminders.css";

const route = getRouteApi("/reminders");
const keyOf = ({ id }: Reminder) => id;

const views: { view: Exclude<ReminderView, "due">; label: string; empty: string }[] = [
  { view: "upcoming", label: "Next", empty: "Nothing is planned. Make a reminder here, or say “Remind me …” in Talk." },
  { view: "missed", label: "Missed", empty: "Nothing was missed: everything fired while it was still of use." },
  { view: "paused", label: "Paused", empty: "No reminder is paused." },
  { view: "ended", label: "Over", empty: "No reminder has ended yet." },
];

export function RemindersPage() {
  const { open, view = "upcoming" } = route.useSearch();
  const navigate = route.useNavigate();
  const { zone } = useMe();
  const [creating, setCreating] = useState(false);
  const due = useReminderList("due");
  const dueItems = due.data?.pages.flatMap((page) => page.items) ?? [];
  const show = (id: string | undefined) => void navigate({ search: (before) => ({ ...before, open: id }) });

  return (
    <>
      <PageHead
        title="Reminders"
        actions={
          <button type="button" className="button primary" onClick={() => setCreating(true)}>
            <Icon name="plus" /> New reminder
          </button>
        }
      >
        What comes next, what is due, what was missed.
      </PageHead>
      <ZoneNote browser={browserZone()} />
      {dueItems.length > 0 && (
        <section className="due-now" aria-labelledby="due-title">
          <h2 id="due-title">Due now</h2>
          <ul>
            {dueItems.map((reminder) => (
              <li key={reminder.id}>
                <ReminderRow reminder={reminder} zone={zone} view="due" open={() => show(reminder.id)} />
              </li>
            ))}
          </ul>
        </section>
      )}
      {due.isError && <ProblemNote error={due.error} retry={() => void due.refetch()} />}
      <div className="choice reminder-views" role="group" aria-label="Which reminders">
        {views.map((each) => (
          <button
            key={each.view}
            type="button"
            aria-pressed={view === each.view}
            onClick={() => void navigate({ search: (before) => ({ ...before, view: each.view }) })}
          >
            {each.label}
          </button>
        ))}
      </div>
      <ReminderList key={view} view={view} zone={zone} show={show} />
      {creating && <NewReminderDialog onClose={() => setCreating(false)} />}
      {open !== undefined && <ReminderDrawer key={open} id={open} zone={zone} onClose={() => show(undefined)} />}
    </>
  );
}

function ReminderList({ view, zone, show }: { view: Exclude<ReminderView, "due">; zone: string; show: (id: string) => void }) {
  const list = useReminderList(view);
  const reminders = list.data?.pages.flatMap((page) => page.items) ?? [];
  const more = list.hasNextPage && !list.isFetchingNextPage ? () => void list.fetchNextPage() : null;
  const { label, empty } = views.find((each) => each.view === view) ?? { label: "Reminders", empty: "" };
  return (
    <section aria-label={label}>
      <h2 className="visually-hidden">{label}</h2>
      {list.isPending && <Skeletons label="reminders" />}
      {list.isError && <ProblemNote error={list.error} retry={() => void list.refetch()} />}
      {list.isSuccess && reminders.length === 0 && <Empty title="Nothing here">{empty}</Empty>}
      {reminders.length > 0 && (
        <WindowList label={label} items={reminders} keyOf={keyOf} estimate={104} more={more}>
          {(reminder) => <ReminderRow reminder={reminder} zone={zone} view={view} open={() => show(reminder.id)} />}
        </WindowList>
      )}
    </section>
  );
}
