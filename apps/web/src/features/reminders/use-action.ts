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

/** Takes an action and says what came of it. */
export function useAction() {
  const action = useReminderAction();
  const say = useSay();
  const run = (what: ReminderAction, done?: () => void) =>
    action.mutate(what, {
      onSuccess: () => {
        say(said[what.act]);
        done?.();
      },
      onError: (error) => {
        const { title, advice } = describeProblem(error);
        say(`${title} ${advice}`);
      },
    });
  return { run, busy: action.isPending };
}
