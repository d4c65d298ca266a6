import { useState } from "react";
import type { Fact } from "../../app/api-types.ts";
import { momentOf } from "../../app/time.ts";
import { Dialog } from "../../design/dialog.tsx";
import { ProblemNote, Skeletons } from "../../design/states.tsx";
import { useSay } from "../../design/toasts.tsx";
import { CorrectFact } from "./correct-fact.tsx";
import { factTypeNames, outdatedReasonNames } from "./fact-words.ts";
import { Provenance } from "./provenance.tsx";
import { useFact, useFactHistory, useForgetFact, useRetractFact } from "./use-facts.ts";

/** Everything about one fact: where it comes from, what it was before, and how to change or forget it. */
export function FactDrawer({ id, zone, onClose }: { id: string; zone: string; onClose: () => void }) {
  const fact = useFact(id);
  return (
    <Dialog title="What is remembered" form="drawer" onClose={onClose}>
      {fact.isPending && <Skeletons label="the fact" rows={2} />}
      {fact.isError && <ProblemNote error={fact.error} />}
      {fact.isSuccess && <FactDetails fact={fact.data} zone={zone} onClose={onClose} />}
    </Dialog>
  );
}

function FactDetails({ fact: asked, zone, onClose }: { fact: Fact; zone: string; onClose: () => void }) {
  const history = useFactHistory(asked.id);
  const versions = history.data?.items ?? [asked];
  const newest = versions.at(-1) ?? asked;
  const [shownId, setShownId] = useState(asked.id);
  const fact = versions.find(({ id }) => id === shownId) ?? asked;
  const [mode, setMode] = useState<"read" | "correct" | "forget">("read");
  const retract = useRetractFact();
  const say = useSay();

  return (
    <>
      <div>
        <p className={fact.status === "outdated" ? "fact-headline outdated" : "fact-headline"}>{fact.content}</p>
        <p className="row">
          <span className="tag">{factTypeNames[fact.factType]}</span>
          {fact.status === "active" ? (
            <span className="tag good">Believed now</span>
          ) : (
            <span className="tag warn">Outdated{fact.outdatedReason !== null && `: ${outdatedReasonNames[fact.outdatedReason]}`}</span>
          )}
        </p>
      </div>
      {mode === "read" && fact.status === "active" && (
        <div className="row">
          <button type="button" className="button" onClick={() => setMode("correct")}>
            Correct
          </button>
          <button
            type="button"
            className="button"
            disabled={retract.isPending}
            onClick={() =>
              retract.mutate(fact, { onSuccess: () => say("Taken back: it is not believed any more, and stays in its history.") })
            }
          >
            Not true any more
          </button>
          <button type="button" className="button danger" onClick={() => setMode("forget")}>
            Forget…
          </button>
        </div>
      )}
      {mode === "read" && fact.status === "outdated" && (
        <div className="row">
          <button type="button" className="button danger" onClick={() => setMode("forget")}>
            Forget…
          </button>
        </div>
      )}
      {retract.isError && <ProblemNote error={retract.error} />}
      {mode === "correct" && (
        <CorrectFact
          fact={newest}
          onCancel={() => setMode("read")}
          onCorrected={(corrected) => {
            setShownId(corrected.id);
            setMode("read");
          }}
        />
      )}
      {mode === "forget" && <ForgetFact fact={fact} versions={versions} onCancel={() => setMode("read")} onForgotten={onClose} />}

      <Provenance shown={fact} versions={versions} zone={zone} />

      <section>
        <h3>Details</h3>
        <dl className="details">
          {fact.eventDate !== null && (
            <>
              <dt>Day</dt>
              <dd>{fact.eventDate}</dd>
            </>
          )}
          <dt>Learnt</dt>
          <dd>{momentOf(fact.recordedAt, zone)}</dd>
          {fact.supersededAt !== null && (
            <>
              <dt>Believed until</dt>
              <dd>{momentOf(fact.supersededAt, zone)}</dd>
            </>
          )}
          <dt>Lasts</dt>
          <dd>{{ permanent: "for good", long_term: "a long time", short_term: "a short time" }[fact.temporalSensitivity]}</dd>
        </dl>
      </section>

      {versions.length > 1 && (
        <section>
          <h3>Versions</h3>
          <ol className="versions">
            {versions.toReversed().map((version) => (
              <li key={version.id}>
                <button type="button" aria-current={version.id === fact.id} onClick={() => setShownId(version.id)}>
                  <span className={version.status === "outdated" ? "outdated" : undefined}>{version.content}</span>
                  <span className="meta">{momentOf(version.recordedAt, zone)}</span>
                </button>
              </li>
            ))}
          </ol>
        </section>
      )}
    </>
  );
}

interface ForgetFactProps {
  fact: Fact;
  versions: readonly Fact[];
  onCancel: () => void;
  onForgotten: () => void;
}

function ForgetFact({ fact, versions, onCancel, onForgotten }: ForgetFactProps) {
  const forget = useForgetFact({
    done: versions.length === 1 ? "Forgotten." : `Forgotten, with all ${versions.length} versions.`,
    failed: "It could not be forgotten. It is still there.",
  });
  const confirm = () => {
    forget.mutate(fact.id);
    onForgotten();
  };
  return (
    <div className="card stack" role="group" aria-label="Forget this fact">
      <h3>This will be removed for good</h3>
      <ul className="stack tight">
        {versions.map((version) => (
          <li key={version.id} className="quote">
            {version.content}
          </li>
        ))}
      </ul>
      <p className="hint">
        {versions.length > 1 && "All versions go together. "}The message it came from stays; forget that one in Talk. A reminder that hangs
        on this day is cancelled. This cannot be undone.
      </p>
      <div className="dialog-actions">
        <button type="button" className="button" onClick={onCancel}>
          Keep it
        </button>
        <button type="button" className="button danger" onClick={confirm}>
          Forget
        </button>
      </div>
    </div>
  );
}
