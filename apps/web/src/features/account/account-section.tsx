import { useMutation } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { describeProblem } from "../../app/problems.ts";
import { presentMs } from "../../app/time.ts";
import { Dialog } from "../../design/dialog.tsx";
import { Field } from "../../design/field.tsx";
import { ProblemNote } from "../../design/states.tsx";
import { useSay } from "../../design/toasts.tsx";
import { useMema, useSession } from "../session/session.tsx";

/** The memory as a whole: take it along, or remove it. */
export function AccountSection() {
  const client = useMema();
  const say = useSay();
  const [count, setCount] = useState(0);
  const [deleting, setDeleting] = useState(false);
  const download = useMutation({
    mutationFn: async () => {
      const { exportMemory } = await import("./export-memory.ts");
      return exportMemory(client, presentMs(), setCount);
    },
    onSuccess: (text) => {
      offer(text, `mema-${new Date(presentMs()).toISOString().slice(0, 10)}.json`);
      say("Your memory is in the downloads, as one JSON file.");
    },
    onError: (error) => say(`${describeProblem(error).title} Nothing was downloaded.`),
  });
  return (
    <section className="section" aria-labelledby="account-title">
      <h2 id="account-title">Everything at once</h2>
      <ul className="panel-list">
        <li className="row apart">
          <div>
            <p>
              <strong>Download everything</strong>
            </p>
            <p className="meta" role="status">
              {download.isPending
                ? `Reading: ${count} entries so far…`
                : "Messages, facts with every version, people, reminders and what was sent, as JSON."}
            </p>
          </div>
          <button type="button" className="button small" disabled={download.isPending} onClick={() => download.mutate()}>
            Download
          </button>
        </li>
        <li className="row apart">
          <div>
            <p>
              <strong>Delete everything</strong>
            </p>
            <p className="meta">The account and all that is in it, at once and for good.</p>
          </div>
          <button type="button" className="button small danger" onClick={() => setDeleting(true)}>
            Delete…
          </button>
        </li>
      </ul>
      {deleting && <DeleteAccountDialog onClose={() => setDeleting(false)} />}
    </section>
  );
}

function offer(text: string, name: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "application/json" }));
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}

const phrase = "delete everything";

function DeleteAccountDialog({ onClose }: { onClose: () => void }) {
  const client = useMema();
  const { signOut } = useSession();
  const say = useSay();
  const [typed, setTyped] = useState("");
  const remove = useMutation({
    mutationFn: () => client.users.delete.mutate({ confirm: phrase }),
    onSuccess: () => {
      say("Everything is deleted. Nothing of it is left on the server.");
      signOut("user");
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    remove.mutate();
  };
  return (
    <Dialog title="Delete everything?" onClose={onClose}>
      <form className="form" onSubmit={submit}>
        <p>
          Every message, fact, person and reminder is removed from the server, with all keys and channels. Nothing fires any more. This
          cannot be undone; download it first if you may want it again.
        </p>
        <Field label={`Type “${phrase}” to confirm`}>
          {(control) => (
            <input {...control} autoComplete="off" spellCheck={false} value={typed} onChange={(event) => setTyped(event.target.value)} />
          )}
        </Field>
        {remove.isError && <ProblemNote error={remove.error} />}
        <div className="dialog-actions">
          <button type="button" className="button" onClick={onClose}>
            Keep everything
          </button>
          <button type="submit" className="button danger" disabled={typed.trim().toLowerCase() !== phrase || remove.isPending}>
            Delete everything
          </button>
        </div>
      </form>
    </Dialog>
  );
}
