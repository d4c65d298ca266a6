import { useQuery } from "@tanstack/react-query";
import type { Delivery } from "../../app/api-types.ts";
import { ProblemNote, Skeletons } from "../../design/states.tsx";
import { DeliveryList } from "../reminders/delivery-list.tsx";
import { useMe, useMema } from "../session/session.tsx";
import "../reminders/reminders.css";

const arrived = new Set<Delivery["status"]>(["sent", "delivered"]);
const troubled = ["dead", "failed", "unknown"] as const;

/** How each of the user's channels did with the last messages, and what did not arrive, to be sent again. */
export function ChannelHealth() {
  const client = useMema();
  const { zone } = useMe();
  const channels = useQuery({
    queryKey: ["channels", "list"],
    queryFn: ({ signal }) => client.channels.list.query({ limit: 100 }, { signal }),
  });
  const recent = useQuery({
    queryKey: ["reminders", "deliveries", "recent"],
    queryFn: ({ signal }) => client.reminders.deliveries.query({ limit: 100 }, { signal }),
  });
  return (
    <>
      <section className="section" aria-labelledby="health-channels">
        <h2 id="health-channels">Your channels</h2>
        {(channels.isPending || recent.isPending) && <Skeletons label="channels" rows={2} />}
        {channels.isError && <ProblemNote error={channels.error} retry={() => void channels.refetch()} />}
        {recent.isError && <ProblemNote error={recent.error} retry={() => void recent.refetch()} />}
        {channels.isSuccess && recent.isSuccess && (
          <ul className="panel-list">
            {channels.data.items.map((channel) => {
              const own = recent.data.items.filter(({ channelId, settledAt }) => channelId === channel.id && settledAt !== null);
              const good = own.filter(({ status }) => arrived.has(status)).length;
              const bad = own.filter(({ status }) => troubled.some((each) => each === status)).length;
              return (
                <li key={channel.id} className="row apart">
                  <strong>{channel.name}</strong>
                  <span className="row">
                    <span className="meta">
                      {own.length === 0 ? "nothing sent yet" : `${good} arrived, ${bad} in trouble, of the last ${own.length}`}
                    </span>
                    <span className={`tag ${channel.disabledAt !== null || bad > good ? "bad" : bad > 0 ? "warn" : "good"}`}>
                      {channel.disabledAt !== null ? "off" : bad > 0 ? "look at it" : "healthy"}
                    </span>
                  </span>
                </li>
              );
            })}
          </ul>
        )}
      </section>
      {troubled.map((status) => (
        <section key={status} className="section" aria-labelledby={`letters-${status}`}>
          <h2 id={`letters-${status}`}>{{ dead: "Dead letters", failed: "Not sent in time", unknown: "Unknown outcome" }[status]}</h2>
          <DeliveryList filters={{ status }} zone={zone} empty="None." />
        </section>
      ))}
    </>
  );
}
