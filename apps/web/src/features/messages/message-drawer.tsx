import { useQuery } from "@tanstack/react-query";
import { dayOf } from "../../app/time.ts";
import { Dialog } from "../../design/dialog.tsx";
import { ProblemNote, Skeletons } from "../../design/states.tsx";
import { useMema } from "../session/session.tsx";
import { MessageCard } from "./message-card.tsx";
import "./messages.css";

/** One message as it was said, with what came out of it. */
export function MessageDrawer({ id, zone, onClose }: { id: string; zone: string; onClose: () => void }) {
  const client = useMema();
  const message = useQuery({ queryKey: ["messages", "one", id], queryFn: ({ signal }) => client.messages.byId.query({ id }, { signal }) });
  return (
    <Dialog title={message.isSuccess ? `Said on ${dayOf(message.data.sentAt, zone)}` : "What was said"} form="drawer" onClose={onClose}>
      {message.isPending && <Skeletons label="the message" rows={1} />}
      {message.isError && <ProblemNote error={message.error} />}
      {message.isSuccess && <MessageCard message={message.data} zone={zone} waiting={false} />}
    </Dialog>
  );
}
