import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import type { Attempt, Delivery } from "../../app/api-types.ts";
import { momentOf } from "../../app/time.ts";
import { ProblemNote } from "../../design/states.tsx";
import { useSay } from "../../design/toasts.tsx";
import { useMema } from "../session/session.tsx";
import { DeliveryStatus } from "./delivery-status.tsx";
import { deliveryWords } from "./reminder-words.ts";

interface DeliveryListProps {
  filters: { reminderId?: string; channelId?: string; status?: Delivery["status"] };
  zone: string;
  empty: string;
}

const replayable = new Set<Delivery["status"]>(["failed", "dead", "unknown"]);

/** What was sent or will be, with every attempt; what failed can be sent again. */
export function DeliveryList({ filters, zone, empty }: DeliveryListProps) {
  const client = useMema();
  const deliveries = useQuery({
    queryKey: ["reminders", "deliveries", filters],
    queryFn: ({ signal }) => client.reminders.deliveries.query({ ...filters, limit: 20 }, { signal }),
  });
  const channels = useQuery({
    queryKey: ["channels", "list"],
    queryFn: ({ signal }) => client.channels.list.query({ limit: 100 }, { signal }),
  });
  if (deliveries.isPending) return <span className="skeleton half" />;
  if (deliveries.isError) return <ProblemNote error={deliveries.error} retry={() => void deliveries.refetch()} />;
  if (deliveries.data.items.length === 0) return <p className="hint">{empty}</p>;
  return (
    <ul className="deliveries">
      {deliveries.data.items.map((delivery) => (
        <li key={delivery.id}>
          <DeliveryRow
            delivery={delivery}
            zone={zone}
            channel={channels.data?.items.find(({ id }) => id === delivery.channelId)?.name ?? "channel"}
          />
        </li>
      ))}
    </ul>
  );
}

function DeliveryRow({ delivery, zone, channel }: { delivery: Delivery; zone: string; channel: string }) {
  const client = useMema();
  const queryClient = useQueryClient();
  const say = useSay();
  const replay = useMutation({
    mutationFn: () => client.reminders.replay.mutate({ deliveryId: delivery.id }),
    onSuccess: () => say("It is sent again."),
    onSettled: () => queryClient.invalidateQueries({ queryKey: ["reminders"] }),
  });
  const unclear = delivery.ambiguous || delivery.status === "unknown";
  return (
    <details>
      <summary>
        <span>
          {channel} · <time dateTime={delivery.dueAt}>{momentOf(delivery.dueAt, zone)}</time>
        </span>
        <DeliveryStatus delivery={delivery} />
      </summary>
      <p className="hint">
        {deliveryWords[unclear ? "unknown" : delivery.status].meaning}
        {delivery.statusReason !== null && ` (${delivery.statusReason.replaceAll("_", " ")})`}
      </p>
      <Attempts delivery={delivery} zone={zone} />
      {replayable.has(delivery.status) && (
        <button type="button" className="button small" disabled={replay.isPending} onClick={() => replay.mutate()}>
          Send again
        </button>
      )}
      {replay.isError && <ProblemNote error={replay.error} />}
    </details>
  );
}

const outcomes: Record<Attempt["outcome"], string> = {
  sent: "sent",
  failed: "failed",
  unknown: "unknown: no answer came, it may have arrived",
  released: "given back unsent",
  lost_lease: "taken over by another worker",
};

function Attempts({ delivery, zone }: { delivery: Delivery; zone: string }) {
  const client = useMema();
  const attempts = useQuery({
    queryKey: ["reminders", "attempts", delivery.id, delivery.attempts, delivery.status],
    queryFn: ({ signal }) => client.reminders.attempts.query({ deliveryId: delivery.id }, { signal }),
  });
  if (!attempts.isSuccess || attempts.data.items.length === 0) return null;
  return (
    <ol className="attempts" aria-label="Attempts">
      {attempts.data.items.map((attempt) => (
        <li key={attempt.id}>
          {attempt.attempt}. {momentOf(attempt.finishedAt, zone)}: {outcomes[attempt.outcome]}
          {attempt.httpStatus !== null && `, answer ${attempt.httpStatus}`}
          {attempt.error !== null && `, ${attempt.error.replaceAll("_", " ")}`}
        </li>
      ))}
    </ol>
  );
}
