import { describeProblem } from "../../app/problems.ts";
import { useSay } from "../../design/toasts.tsx";
import { type ReminderAction, useReminderAction } from "./use-reminders.ts";

const said: Record<ReminderAction["act"], string> = {
  complete: "Done.",
  acknowledge: "Seen.",
  skip: "The next time is left out.",
  pause: "Paused. Nothing fires until you go on.",
  resume: "It goes on.",
  cancel: "Cancelled.",
  snooze: "Snoozed. The schedule stays as it is.",
  delete: "Deleted.",
};

/** Takes an action and says what came of it, also when the reminder has left the page by then. */
export function useAction() {
  const say = useSay();
  const action = useReminderAction({
    onDone: ({ act }) => say(said[act]),
    onFailed: (error) => {
      const { title, advice } = describeProblem(error);
      say(`${title} ${advice}`);
    },
  });
  const run = (what: ReminderAction, done?: () => void) => action.mutate(what, done === undefined ? {} : { onSuccess: done });
  return { run, busy: action.isPending };
}
