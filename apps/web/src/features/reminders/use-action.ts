import { useMutation, useQueryClient } from "@tanstack/react-query";
import { describeProblem } from "../../app/problems.ts";
import { useSay } from "../../design/toasts.tsx";
import { useMema } from "../session/session.tsx";
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

/** Takes the last change of a reminder back, and says whether that went. */
export function useUndo(): (id: string) => void {
  const client = useMema();
  const queryClient = useQueryClient();
  const say = useSay();
  const undo = useMutation({
    mutationFn: (id: string) => client.reminders.undo.mutate({ id }),
    onSuccess: ({ reminder }) => say(`Taken back: “${reminder.title}” is as it was.`),
    onError: (error) => {
      const { title, advice } = describeProblem(error);
      say(`${title} ${advice}`);
    },
    onSettled: () => queryClient.invalidateQueries({ queryKey: ["reminders"] }),
  });
  return undo.mutate;
}

/** Takes an action, says what came of it, also when the reminder has left the page by then, and offers to take it back. */
export function useAction() {
  const say = useSay();
  const undo = useUndo();
  const action = useReminderAction({
    onDone: ({ act, id }) => say(said[act], act === "delete" ? undefined : { label: "Undo", run: () => undo(id) }),
    onFailed: (error) => {
      const { title, advice } = describeProblem(error);
      say(`${title} ${advice}`);
    },
  });
  const run = (what: ReminderAction, done?: () => void) => action.mutate(what, done === undefined ? {} : { onSuccess: done });
  return { run, busy: action.isPending };
}
