import type { MemaClient } from "@mema/api/client";
import { useQuery } from "@tanstack/react-query";
import { distanceTo, presentMs } from "../../app/time.ts";
import { ProblemNote, Skeletons } from "../../design/states.tsx";

/** What the newest `npm run db:check` came to: whether anything crossed from one user to another, by which way, how often tried. */
export function IsolationProof({ admin }: { admin: MemaClient }) {
  const proof = useQuery({
    queryKey: ["system", "isolationProof"],
    queryFn: ({ signal }) => admin.system.isolationProof.query(undefined, { signal }),
    staleTime: 60_000,
  });
  const data = proof.data ?? null;
  const attempts = data?.properties.reduce((sum, each) => sum + each.attempts, 0) ?? 0;
  const violations = data?.properties.reduce((sum, each) => sum + each.violations, 0) ?? 0;
  return (
    <section className="section" aria-labelledby="proof-title">
      <div className="row apart">
        <h2 id="proof-title">Isolation</h2>
        {data !== null && <span className={`tag ${data.ok ? "good" : "bad"}`}>{data.ok ? "proven" : "broken"}</span>}
      </div>
      {proof.isPending && <Skeletons label="the isolation proof" rows={1} />}
      {proof.isError && <ProblemNote error={proof.error} retry={() => void proof.refetch()} />}
      {proof.isSuccess && data === null && (
        <p className="note">
          <span>
            It has not been proven on this database yet. Run <code>npm run db:check</code>; from a timer it stays current.
          </span>
        </p>
      )}
      {data !== null && (
        <>
          <p>
            {data.ok
              ? `Nothing crosses from one user to another: ${attempts.toLocaleString("en")} attempts by ${data.properties.length} ways, ${violations} violations; the catalog keeps all ${data.rules} rules.`
              : `${violations} of ${attempts.toLocaleString("en")} attempts crossed from one user to another, and ${data.findings} findings in the catalog. Run npm run db:check: it names each with its remedy.`}
          </p>
          <p className="meta">
            <time dateTime={data.at}>{distanceTo(data.at, presentMs())}</time>, PostgreSQL {data.postgresVersion}, {data.engine}
          </p>
          <details>
            <summary>Every way that was tried</summary>
            <ul className="panel-list proof">
              {data.properties.map(({ property, guarantee, attempts: tried, violations: crossed }) => (
                <li key={property} className="row apart">
                  <span>
                    <strong>{property}</strong> {guarantee}
                  </span>
                  <span className={`tag ${crossed === 0 ? "" : "bad"}`}>
                    {crossed} of {tried}
                  </span>
                </li>
              ))}
            </ul>
          </details>
        </>
      )}
    </section>
  );
}
