import { useQuery } from "@tanstack/react-query";
import { PageHead } from "../../app/shell.tsx";
import { ProblemNote, Skeletons } from "../../design/states.tsx";
import { useSession } from "../session/session.tsx";
import { AdminSignIn } from "./admin-sign-in.tsx";
import { ChannelHealth } from "./channel-health.tsx";
import { DeadLetters } from "./dead-letters.tsx";
import { IsolationProof } from "./isolation-proof.tsx";
import { WorkerState } from "./worker-state.tsx";
import "./system.css";

export function SystemPage() {
  const { client, admin, signOut } = useSession();
  return (
    <>
      <PageHead
        title="System"
        actions={
          admin !== null && (
            <button type="button" className="button small" onClick={() => signOut("admin")}>
              Put the admin key away
            </button>
          )
        }
      >
        Whether reminders leave on time, and what did not arrive.
      </PageHead>
      <Health />
      {admin === null ? (
        <AdminSignIn />
      ) : (
        <>
          <WorkerState admin={admin} />
          <DeadLetters admin={admin} />
          <IsolationProof admin={admin} />
        </>
      )}
      {client !== null && <ChannelHealth />}
    </>
  );
}

function Health() {
  const { client, admin } = useSession();
  const anyone = client ?? admin;
  const health = useQuery({
    queryKey: ["health"],
    queryFn: ({ signal }) => (anyone === null ? null : anyone.health.check.query(undefined, { signal })),
    refetchInterval: 10_000,
  });
  return (
    <section aria-labelledby="health-title">
      <h2 id="health-title" className="visually-hidden">
        Server
      </h2>
      {health.isPending && <Skeletons label="the state of the server" rows={1} />}
      {health.isError && <ProblemNote error={health.error} retry={() => void health.refetch()} />}
      {health.data != null && (
        <ul className="row">
          {health.data.checks.map(({ name, ok, reason }) => (
            <li key={name}>
              <span className={`tag ${ok ? "good" : "bad"}`}>
                {name}: {ok ? "good" : (reason ?? "failing")}
              </span>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}
