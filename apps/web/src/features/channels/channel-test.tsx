import { useQuery } from "@tanstack/react-query";
import { ProblemNote } from "../../design/states.tsx";
import { DeliveryStatus } from "../reminders/delivery-status.tsx";
import { useMema } from "../session/session.tsx";

const stillOpen = new Set(["pending", "sending"]);

/** Follows a test message until its end is known. */
export function ChannelTest({ deliveryId, channelId }: { deliveryId: string; channelId: string }) {
  const client = useMema();
  const delivery = useQuery({
    queryKey: ["reminders", "test-delivery", deliveryId],
    queryFn: async ({ signal }) => {
      const { items } = await client.reminders.deliveries.query({ channelId, limit: 20 }, { signal });
      return items.find(({ id }) => id === deliveryId) ?? null;
    },
    refetchInterval: ({ state }) => (state.data == null || stillOpen.has(state.data.status) ? 1_000 : false),
  });
  const attempts = useQuery({
    queryKey: ["reminders", "attempts", deliveryId, delivery.data?.attempts ?? 0],
    queryFn: ({ signal }) => client.reminders.attempts.query({ deliveryId }, { signal }),
    enabled: delivery.data != null && delivery.data.attempts > 0,
  });
  const last = attempts.data?.items.at(-1);
  return (
    <div className="hint row" role="status">
      {delivery.isError && <ProblemNote error={delivery.error} />}
      Test message: {delivery.data == null ? "queued" : <DeliveryStatus delivery={delivery.data} />}
      {last !== undefined && (
        <span>
          {last.httpStatus !== null && `answered ${last.httpStatus}`} {last.error !== null && last.error.replaceAll("_", " ")}
        </span>
      )}
    </div>
  );
}
