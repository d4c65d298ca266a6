import type { MemaClient } from "@mema/api/client";
import { useQuery } from "@tanstack/react-query";
import { distanceTo, presentMs } from "../../app/time.ts";
import { ProblemNote, Skeletons } from "../../design/states.tsx";
import { channelTypeNames } from "../channels/channel-words.ts";

/** How the workers are doing, over all users: counts and ages, nobody's content. */
export function WorkerState({ admin }: { admin: MemaClient }) {
  const stats = useQuery({
    queryKey: ["worker", "stats"],
    queryFn: ({ signal }) => admin.worker.stats.query(undefined, { signal }),
    refetchInterval: 3_000,
  });
  if (stats.isPending) return <Skeletons label="the workers" />;
  if (stats.isError) return <ProblemNote error={stats.error} retry={() => void stats.refetch()} />;
  const { data } = stats;
  const alive = data.workers.filter((worker) => worker.alive).length;
  const figures: [label: string, value: string, tone: "" | "warn" | "bad", meaning: string][] = [
    ["Lag", `${data.lagSeconds.toFixed(data.lagSeconds < 10 ? 1 : 0)} s`, data.lagSeconds > 30 ? "bad" : "", "the oldest that is due"],
    ["Workers alive", String(alive), alive === 0 ? "bad" : "", `${data.workers.length} known`],
    ["Due", String(data.due), "", "to be sent now"],
    ["In flight", String(data.inFlight), "", "being sent"],
    ["Waiting", String(data.waiting), "", "for their time"],
    ["Lapsed leases", String(data.lapsed), data.lapsed > 0 ? "warn" : "", "of workers that died"],
    ["Dead letters", String(data.dead), data.dead > 0 ? "bad" : "", "refused for good"],
    ["Failed", String(data.failed), data.failed > 0 ? "warn" : "", "not sent in time"],
    ["Unknown", String(data.unknown), data.unknown > 0 ? "warn" : "", "no answer came"],
  ];
  return (
    <section className="section" aria-labelledby="worker-title">
      <h2 id="worker-title">Workers</h2>
      <dl className="figures">
        {figures.map(([label, value, tone, meaning]) => (
          <div key={label} className={tone}>
            <dt>{label}</dt>
            <dd>
              <strong>{value}</strong>
              <span className="meta">{meaning}</span>
            </dd>
          </div>
        ))}
      </dl>
      {data.workers.length === 0 ? (
        <p className="note">No worker has reported. Reminders wait until one runs: start it with MEMA_URL and MEMA_SERVICE_KEY.</p>
      ) : (
        <ul className="panel-list">
          {data.workers.map((worker) => (
            <li key={worker.id} className="row apart">
              <span>
                <strong>{worker.name}</strong> <code className="meta">{worker.id.slice(0, 8)}</code>
              </span>
              <span className="row">
                <span className="meta">seen {distanceTo(worker.lastSeenAt, presentMs())}</span>
                <span className={`tag ${worker.drainingAt !== null ? "warn" : worker.alive ? "good" : "bad"}`}>
                  {worker.drainingAt !== null ? "stopping" : worker.alive ? "alive" : "gone"}
                </span>
              </span>
            </li>
          ))}
        </ul>
      )}
      <ChannelTypes types={data.channels} />
    </section>
  );
}

type ChannelCounts = Awaited<ReturnType<MemaClient["worker"]["stats"]["query"]>>["channels"];

/** How the channels of each type do, over all users. */
function ChannelTypes({ types }: { types: ChannelCounts }) {
  if (types.length === 0) return null;
  return (
    <div className="table-box" role="region" aria-label="Channels of all users" tabIndex={0}>
      <table>
        <thead>
          <tr>
            {["Channel", "Usable", "Failing", "Circuit open", "Off", "Due", "Given up", "Unknown"].map((name) => (
              <th key={name} scope="col">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {types.map((each) => (
            <tr key={each.type}>
              <th scope="row">{channelTypeNames[each.type]}</th>
              <td>
                {each.usable} of {each.channels}
              </td>
              <td className={each.failing > 0 ? "warn" : undefined}>{each.failing}</td>
              <td className={each.paused > 0 ? "bad" : undefined}>{each.paused}</td>
              <td>{each.disabled}</td>
              <td>{each.due}</td>
              <td className={each.dead + each.failed > 0 ? "bad" : undefined}>{each.dead + each.failed}</td>
              <td className={each.unknown > 0 ? "warn" : undefined}>{each.unknown}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
