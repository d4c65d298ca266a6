import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import type { ApiKey } from "../../app/api-types.ts";
import { distanceTo, momentOf, presentMs } from "../../app/time.ts";
import { Dialog } from "../../design/dialog.tsx";
import { Field } from "../../design/field.tsx";
import { ProblemNote, Skeletons } from "../../design/states.tsx";
import { SecretNote } from "../../design/secret-note.tsx";
import { useSay } from "../../design/toasts.tsx";
import { useMe, useMema } from "../session/session.tsx";

const listKey = ["apiKeys", "list"];

export function KeysSection() {
  const client = useMema();
  const { zone } = useMe();
  const keys = useQuery({ queryKey: listKey, queryFn: ({ signal }) => client.apiKeys.list.query(undefined, { signal }) });
  const [creating, setCreating] = useState(false);
  const [secret, setSecret] = useState<string | null>(null);
  const [revoking, setRevoking] = useState<ApiKey | null>(null);

  return (
    <section className="section" aria-labelledby="keys-title">
      <div className="row apart">
        <h2 id="keys-title">API keys</h2>
        <button type="button" className="button small" onClick={() => setCreating(true)}>
          New key
        </button>
      </div>
      <div className="stack">
        {secret !== null && <SecretNote label="This is the new key." secret={secret} onDone={() => setSecret(null)} />}
        {keys.isPending && <Skeletons label="keys" rows={2} />}
        {keys.isError && <ProblemNote error={keys.error} retry={() => void keys.refetch()} />}
        {keys.isSuccess && (
          <ul className="panel-list">
            {keys.data.items.map((key) => (
              <li key={key.id} className="row apart">
                <div>
                  <p>
                    <strong>{key.name}</strong> <code className="meta">{key.prefix}…</code>
                  </p>
                  <p className="meta">
                    {key.scopes.includes("write") ? "reads and writes" : "reads only"} · made {momentOf(key.createdAt, zone)} ·{" "}
                    {key.lastUsedAt === null ? "never used" : `used ${distanceTo(key.lastUsedAt, presentMs())}`}
                    {key.expiresAt !== null && ` · ends ${momentOf(key.expiresAt, zone)}`}
                  </p>
                </div>
                {key.revokedAt === null ? (
                  <button type="button" className="button small danger" onClick={() => setRevoking(key)}>
                    Revoke<span className="visually-hidden"> {key.name}</span>
                  </button>
                ) : (
                  <span className="tag bad">Revoked</span>
                )}
              </li>
            ))}
          </ul>
        )}
      </div>
      {creating && (
        <NewKeyDialog
          onClose={() => setCreating(false)}
          onCreated={(apiKey) => {
            setSecret(apiKey);
            setCreating(false);
          }}
        />
      )}
      {revoking !== null && <RevokeDialog apiKey={revoking} onClose={() => setRevoking(null)} />}
    </section>
  );
}

function NewKeyDialog({ onClose, onCreated }: { onClose: () => void; onCreated: (apiKey: string) => void }) {
  const client = useMema();
  const queryClient = useQueryClient();
  const [name, setName] = useState("");
  const [write, setWrite] = useState(true);
  const create = useMutation({
    mutationFn: () => client.apiKeys.create.mutate({ name: name.trim(), scopes: write ? ["read", "write"] : ["read"] }),
    onSuccess: ({ apiKey }) => onCreated(apiKey),
    onSettled: () => queryClient.invalidateQueries({ queryKey: listKey }),
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    create.mutate();
  };
  return (
    <Dialog title="New API key" onClose={onClose}>
      <form className="form" onSubmit={submit}>
        <Field label="What is it for?">
          {(control) => (
            <input
              {...control}
              required
              maxLength={200}
              placeholder="Voice assistant in the kitchen"
              value={name}
              onChange={(event) => setName(event.target.value)}
            />
          )}
        </Field>
        <label className="check">
          <input type="checkbox" checked={write} onChange={(event) => setWrite(event.target.checked)} />
          <span>
            May also write
            <span className="hint block">Without it the key can read everything and change nothing.</span>
          </span>
        </label>
        {create.isError && <ProblemNote error={create.error} />}
        <div className="dialog-actions">
          <button type="button" className="button" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" className="button primary" disabled={create.isPending || name.trim() === ""}>
            Create key
          </button>
        </div>
      </form>
    </Dialog>
  );
}

function RevokeDialog({ apiKey, onClose }: { apiKey: ApiKey; onClose: () => void }) {
  const client = useMema();
  const queryClient = useQueryClient();
  const say = useSay();
  const revoke = useMutation({
    mutationFn: () => client.apiKeys.revoke.mutate({ id: apiKey.id }),
    onSuccess: () => {
      say(`The key “${apiKey.name}” opens nothing any more.`);
      onClose();
    },
    onSettled: () => queryClient.invalidateQueries({ queryKey: listKey }),
  });
  return (
    <Dialog title={`Revoke “${apiKey.name}”?`} onClose={onClose}>
      <p>Whatever uses this key is locked out at once. If this page was opened with it, you are signed out.</p>
      {revoke.isError && <ProblemNote error={revoke.error} />}
      <div className="dialog-actions">
        <button type="button" className="button" onClick={onClose}>
          Keep it
        </button>
        <button type="button" className="button danger" disabled={revoke.isPending} onClick={() => revoke.mutate()}>
          Revoke
        </button>
      </div>
    </Dialog>
  );
}
