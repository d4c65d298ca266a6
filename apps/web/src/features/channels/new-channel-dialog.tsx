import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { fieldIssue } from "../../app/problems.ts";
import { Dialog } from "../../design/dialog.tsx";
import { Field } from "../../design/field.tsx";
import { ProblemNote } from "../../design/states.tsx";
import { useSay } from "../../design/toasts.tsx";
import { useMema } from "../session/session.tsx";

function notVerified(reason = "no answer"): string {
  if (reason === "code_sent") return "A code is on its way to the address. Enter it beside the channel.";
  return `Made, but not verified: ${reason.replaceAll("_", " ")}. Set the address up and press Verify.`;
}

interface NewChannelDialogProps {
  onClose: () => void;
  /** With the secret of a webhook, to be shown once. */
  onCreated: (secret: string | null) => void;
}

export function NewChannelDialog({ onClose, onCreated }: NewChannelDialogProps) {
  const client = useMema();
  const queryClient = useQueryClient();
  const say = useSay();
  const [type, setType] = useState<"webhook" | "email" | "log">("webhook");
  const [url, setUrl] = useState("");
  const [address, setAddress] = useState("");
  const [name, setName] = useState("");
  const create = useMutation({
    mutationFn: () => {
      const named = name.trim() === "" ? {} : { name: name.trim() };
      if (type === "webhook") return client.channels.create.mutate({ type, url: url.trim(), ...named });
      if (type === "email") return client.channels.create.mutate({ type, address: address.trim(), ...named });
      return client.channels.create.mutate({ type, ...named });
    },
    onSuccess: ({ secret, verification }) => {
      if (verification?.verified === false) say(notVerified(verification.reason));
      onCreated(secret ?? null);
    },
    onSettled: () => queryClient.invalidateQueries({ queryKey: ["channels"] }),
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    create.mutate();
  };
  const urlIssue = fieldIssue(create.error, "url");
  const addressIssue = fieldIssue(create.error, "address");
  const empty = { webhook: url, email: address, log: "-" }[type].trim() === "";
  return (
    <Dialog title="New channel" onClose={onClose}>
      <form className="form" onSubmit={submit} noValidate>
        <div className="choice" role="group" aria-label="Kind of channel">
          <button type="button" aria-pressed={type === "webhook"} onClick={() => setType("webhook")}>
            Webhook
          </button>
          <button type="button" aria-pressed={type === "email"} onClick={() => setType("email")}>
            E-mail
          </button>
          <button type="button" aria-pressed={type === "log"} onClick={() => setType("log")}>
            Server log
          </button>
        </div>
        {type === "webhook" && (
          <Field label="Address" hint="It is asked at once to accept a signed message; any 2xx answer verifies it." problem={urlIssue}>
            {(control) => (
              <input
                {...control}
                type="url"
                inputMode="url"
                placeholder="https://example.com/reminders"
                value={url}
                onChange={(event) => setUrl(event.target.value)}
              />
            )}
          </Field>
        )}
        {type === "email" && (
          <Field
            label="E-mail address"
            hint="It is sent a code, which you enter here: nothing goes to an address that was not verified."
            problem={addressIssue}
          >
            {(control) => (
              <input
                {...control}
                type="email"
                autoComplete="email"
                placeholder="ada@example.com"
                value={address}
                onChange={(event) => setAddress(event.target.value)}
              />
            )}
          </Field>
        )}
        <Field label="Name (optional)">
          {(control) => <input {...control} maxLength={200} value={name} onChange={(event) => setName(event.target.value)} />}
        </Field>
        {create.isError && urlIssue === null && addressIssue === null && <ProblemNote error={create.error} />}
        <div className="dialog-actions">
          <button type="button" className="button" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" className="button primary" disabled={create.isPending || empty}>
            {create.isPending ? "Asking the address…" : "Create channel"}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
