import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useSay } from "../../design/toasts.tsx";
import { useMe, useMema } from "./session.tsx";

/** Asks for the time zone while none is set: without it "at nine" would mean nine o'clock UTC. */
export function ZoneNote({ browser }: { browser: string }) {
  const client = useMema();
  const queryClient = useQueryClient();
  const say = useSay();
  const { me } = useMe();
  const setZone = useMutation({
    mutationFn: (version: number) => client.users.update.mutate({ version, timezone: browser }),
    onSuccess: (user) => {
      queryClient.setQueryData(["users", "me"], user);
      say(`Times are now those of ${browser}.`);
    },
    onError: () => say("The time zone could not be set. Try again."),
    onSettled: () => queryClient.invalidateQueries({ queryKey: ["users"] }),
  });
  if (me === undefined || me.timezone !== null) return null;
  return (
    <div className="note zone-note">
      <span>No time zone is set: “at nine” would mean nine o'clock UTC. This browser is in {browser}.</span>
      <button type="button" className="button small" disabled={setZone.isPending} onClick={() => setZone.mutate(me.version)}>
        Use {browser}
      </button>
    </div>
  );
}
