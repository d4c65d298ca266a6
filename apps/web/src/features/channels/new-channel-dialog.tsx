import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useId, useState } from "react";
import { fieldIssue } from "../../app/problems.ts";
import { Dialog } from "../../design/dialog.tsx";
import { ProblemNote } from "../../design/states.tsx";
import { useSay } from "../../design/toasts.tsx";
import { useMema } from "../session/session.tsx";

interface NewChannelDialogProps {
  onClose: () => void;
  /** With the secret of a webhook, to be shown once. */
  onCreated: (secret: string | null) => void;
}

export function NewChannelDialog({ onClose, onCreated }: NewChannelDialogProps) {
  const client = useMema();
  const queryClient = useQueryClient();
  const say = useSay();
  const id = useId();
  const [type, setType] = useState<"webhook" | "log">("webhook");
  const [url, setUrl] = useState("");
  const [name, setName] = useState("");
  const create = useMutation({
    mutationFn: () => {
      const named = name.trim() === "" ? {} : { name: name.trim() };
      return client.channels.create.mutate(type === "webhook" ? { type, url: url.trim(), ...named } : { type, ...named });
    },
    onSuccess: ({ secret, verification }) => {
      if (verification !== undefined && !verification.verified) {
        say(`Made, but not verified: ${(verification.reason ?? "no answer").replaceAll("_", " ")}. Set the address up and press Verify.`);
      }
      onCreated(secret ?? null);
    },
    onSettled: () => queryClient.invalidateQueries({ queryKey: ["channels"] }),
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    create.mutate();
  };
  const urlIssue = fieldIssue(create.error, "url");
  return (
    <Dialog title="New channel" onClose={onClose}>
      <form className="form" onSubmit={submit} noValidate>
        <div className="choice" role="group" aria-label="Kind of channel">
          <button type="button" aria-pressed={type === "webhook"} onClick={() => setType("webhook")}>
            Webhook
          </button>
          <button type="button" aria-pressed={type === "log"} onClick={() => setType("log")}>
            Server log
          </button>
        </div>
        {type === "webhook" && (
          <div className="field">
            <label htmlFor={`${id}-url`}>Address</label>
            <input
              id={`${id}-url`}
              className="input"
              type="url"
              inputMode="url"
              placeholder="https://example.com/reminders"
              value={url}
              aria-invalid={urlIssue !== null}
              aria-describedby={`${id}-url-hint`}
              onChange={(event) => setUrl(event.target.value)}
            />
            <p id={`${id}-url-hint`} className={urlIssue === null ? "hint" : "field-problem"}>
              {urlIssue ?? "It is asked at once to accept a signed message; any 2xx answer verifies it."}
            </p>
          </div>
        )}
        <div className="field">
          <label htmlFor={`${id}-name`}>Name (optional)</label>
          <input id={`${id}-name`} className="input" maxLength={200} value={name} onChange={(event) => setName(event.target.value)} />
        </div>
        {create.isError && urlIssue === null && <ProblemNote error={create.error} />}
        <div className="dialog-actions">
          <button type="button" className="button" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" className="button primary" disabled={create.isPending || (type === "webhook" && url.trim() === "")}>
            {create.isPending ? "Asking the address…" : "Create channel"}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
