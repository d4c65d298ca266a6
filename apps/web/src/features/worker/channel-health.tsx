import { useQuery } from "@tanstack/react-query";
import type { Channel, Delivery } from "../../app/api-types.ts";
import { distanceTo, presentMs } from "../../app/time.ts";
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
        {channels.data?.items.length === 0 && <p className="hint">None yet: reminders show in this page.</p>}
        {channels.isSuccess && channels.data.items.length > 0 && recent.isSuccess && (
          <ul className="panel-list">
            {channels.data.items.map((channel) => {
              const own = recent.data.items.filter(({ channelId, settledAt }) => channelId === channel.id && settledAt !== null);
              const good = own.filter(({ status }) => arrived.has(status)).length;
              const bad = own.filter(({ status }) => troubled.some((each) => each === status)).length;
              return (
                <li key={channel.id} className="row apart">
                  <span>
                    <strong>{channel.name}</strong>
                    {channel.health?.lastFailureAt != null && (
                      <span className="meta block">
                        last failed {distanceTo(channel.health.lastFailureAt, presentMs())}
                        {channel.health.lastFailure !== null && `: ${channel.health.lastFailure.replaceAll("_", " ")}`}
                        {channel.health.failuresInRow > 1 && `, ${channel.health.failuresInRow} times in a row`}
                        {channel.health.circuit === "open" &&
                          channel.health.nextTryAt !== null &&
                          `; tried again ${distanceTo(channel.health.nextTryAt, presentMs())}`}
                      </span>
                    )}
                  </span>
                  <span className="row">
                    <span className="meta">
                      {own.length === 0 ? "nothing sent yet" : `${good} arrived, ${bad} in trouble, of the last ${own.length}`}
                    </span>
                    <HealthTag channel={channel} troubled={bad > 0} />
                  </span>
                </li>
              );
            })}
          </ul>
        )}
      </section>
      {troubled.map((status) => (
        <section key={status} className="section" aria-labelledby={`letters-${status}`}>
          <h2 id={`letters-${status}`}>
            {{ dead: "Your dead letters", failed: "Your messages not sent in time", unknown: "Your messages of unknown outcome" }[status]}
          </h2>
          <DeliveryList filters={{ status }} zone={zone} empty="None." />
        </section>
      ))}
    </>
  );
}

/** An open circuit: the receiver failed so often that what is due waits until one send has tried again. */
function HealthTag({ channel, troubled }: { channel: Channel; troubled: boolean }) {
  if (channel.disabledAt !== null) return <span className="tag bad">off</span>;
  if (channel.health?.circuit === "open") return <span className="tag bad">waiting: it keeps failing</span>;
  if (troubled || (channel.health?.failuresInRow ?? 0) > 0) return <span className="tag warn">look at it</span>;
  return <span className="tag good">healthy</span>;
}
