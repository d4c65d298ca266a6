import { useEffect, useRef } from "react";
import { useSay } from "../../design/toasts.tsx";
import { useReminderList } from "./use-reminders.ts";

/** How many reminders are due; says each one aloud when it fires. */
export function useDueCount(): number {
  const due = useReminderList("due");
  const say = useSay();
  const known = useRef<ReadonlySet<string> | null>(null);
  const items = due.data?.pages.flatMap((page) => page.items);
  useEffect(() => {
    if (items === undefined) return;
    for (const { id, title } of items) if (known.current !== null && !known.current.has(id)) say(`Reminder: ${title}`);
    known.current = new Set(items.map(({ id }) => id));
  }, [items, say]);
  return items?.length ?? 0;
}
