import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useId, useState } from "react";
import type { Channel } from "../../app/api-types.ts";
import { Dialog } from "../../design/dialog.tsx";
import { ProblemNote, Skeletons } from "../../design/states.tsx";
import { SecretNote } from "../../design/secret-note.tsx";
import { useSay } from "../../design/toasts.tsx";
import { useMema } from "../session/session.tsx";
import { ChannelTest } from "./channel-test.tsx";
import { channelTypeNames } from "./channel-words.ts";
import { NewChannelDialog } from "./new-channel-dialog.tsx";

export const channelListKey = ["channels", "list"];

export function ChannelsSection() {
  const client = useMema();
  const channels = useQuery({ queryKey: channelListKey, queryFn: ({ signal }) => client.channels.list.query({ limit: 100 }, { signal }) });
  const [creating, setCreating] = useState(false);
  const [secret, setSecret] = useState<string | null>(null);

  return (
    <section className="section" aria-labelledby="channels-title">
      <div className="row apart">
        <h2 id="channels-title">Channels</h2>
        <button type="button" className="button small" onClick={() => setCreating(true)}>
          New channel
        </button>
      </div>
      <div className="stack">
        {secret !== null && (
          <SecretNote label="This secret signs every message to the webhook." secret={secret} onDone={() => setSecret(null)} />
        )}
        {channels.isPending && <Skeletons label="channels" rows={2} />}
        {channels.isError && <ProblemNote error={channels.error} retry={() => void channels.refetch()} />}
        {channels.data?.items.length === 0 && (
          <p className="hint">None yet: reminders show in this page. A channel brings them to you elsewhere too.</p>
        )}
        {channels.isSuccess && channels.data.items.length > 0 && (
          <ul className="panel-list">
            {channels.data.items.map((channel) => (
              <li key={channel.id}>
                <ChannelRow channel={channel} />
              </li>
            ))}
          </ul>
        )}
      </div>
      {creating && (
        <NewChannelDialog
          onClose={() => setCreating(false)}
          onCreated={(created) => {
            setSecret(created);
            setCreating(false);
          }}
        />
      )}
    </section>
  );
}

function ChannelRow({ channel }: { channel: Channel }) {
  const client = useMema();
  const queryClient = useQueryClient();
  const say = useSay();
  const [deliveryId, setDeliveryId] = useState<string | null>(null);
  const [removing, setRemoving] = useState(false);
  const onSettled = () => queryClient.invalidateQueries({ queryKey: channelListKey });
  const test = useMutation({
    mutationFn: () => client.channels.test.mutate({ id: channel.id }),
    onSuccess: ({ deliveryId: id }) => setDeliveryId(id),
  });
  const verify = useMutation({
    mutationFn: (code: string | undefined) => client.channels.verify.mutate({ id: channel.id, ...(code === undefined ? {} : { code }) }),
    onSuccess: ({ verified, reason }) => {
      if (verified) say("Verified.");
      else if (reason === "code_sent") say("A code is on its way to the address.");
      else say(`Not verified: ${(reason ?? "no answer").replaceAll("_", " ")}.`);
    },
    onSettled,
  });
  const change = useMutation({
    mutationFn: (disabled: boolean) => client.channels.update.mutate({ id: channel.id, version: channel.version, disabled }),
    onSettled,
  });
  const target = channel.config["url"] ?? channel.config["address"];
  const problem = test.error ?? verify.error ?? change.error;

  return (
    <div className="stack tight">
      <div className="row apart">
        <div>
          <p className="row">
            <strong>{channel.name}</strong>
            {channel.disabledAt !== null ? (
              <span className="tag bad">Off: {(channel.disabledReason ?? "").replaceAll("_", " ")}</span>
            ) : channel.verifiedAt === null ? (
              <span className="tag warn">Not verified</span>
            ) : (
              <span className="tag good">Ready</span>
            )}
          </p>
          <p className="meta">
            {channelTypeNames[channel.type]}
            {typeof target === "string" && ` · ${target}`}
          </p>
        </div>
        <div className="row">
          {channel.verifiedAt === null && (
            <button type="button" className="button small" disabled={verify.isPending} onClick={() => verify.mutate(undefined)}>
              {channel.type === "email" ? "Send a code" : "Verify"}
            </button>
          )}
          {channel.disabledAt === null && channel.verifiedAt !== null && (
            <button type="button" className="button small" disabled={test.isPending} onClick={() => test.mutate()}>
              Test<span className="visually-hidden"> {channel.name}</span>
            </button>
          )}
          {channel.type !== "in_app" && (
            <>
              <button
                type="button"
                className="button small"
                disabled={change.isPending}
                onClick={() => change.mutate(channel.disabledAt === null)}
              >
                {channel.disabledAt === null ? "Turn off" : "Turn on"}
              </button>
              <button type="button" className="button small danger" onClick={() => setRemoving(true)}>
                Delete<span className="visually-hidden"> {channel.name}</span>
              </button>
            </>
          )}
        </div>
      </div>
      {channel.codeExpiresAt !== null && channel.verifiedAt === null && (
        <CodeForm channel={channel} busy={verify.isPending} enter={(code) => verify.mutate(code)} />
      )}
      {problem !== null && <ProblemNote error={problem} />}
      {deliveryId !== null && <ChannelTest deliveryId={deliveryId} channelId={channel.id} />}
      {removing && <DeleteChannelDialog channel={channel} onClose={() => setRemoving(false)} />}
    </div>
  );
}

interface CodeFormProps {
  channel: Channel;
  busy: boolean;
  enter: (code: string) => void;
}

function CodeForm({ channel, busy, enter }: CodeFormProps) {
  const id = useId();
  const [code, setCode] = useState("");
  const submit = (event: FormEvent) => {
    event.preventDefault();
    enter(code.trim());
  };
  return (
    <form className="row" onSubmit={submit}>
      <label htmlFor={id}>Code from the mail</label>
      <input
        id={id}
        className="input code"
        inputMode="numeric"
        autoComplete="one-time-code"
        maxLength={20}
        value={code}
        onChange={(event) => setCode(event.target.value)}
      />
      <button type="submit" className="button small primary" disabled={busy || code.trim() === ""}>
        Verify<span className="visually-hidden"> {channel.name}</span>
      </button>
    </form>
  );
}

function DeleteChannelDialog({ channel, onClose }: { channel: Channel; onClose: () => void }) {
  const client = useMema();
  const queryClient = useQueryClient();
  const remove = useMutation({
    mutationFn: () => client.channels.delete.mutate({ id: channel.id }),
    onSuccess: onClose,
    onSettled: () => queryClient.invalidateQueries({ queryKey: ["channels"] }),
  });
  return (
    <Dialog title={`Delete the channel ${channel.name}?`} onClose={onClose}>
      <p>Reminders no longer reach you there, and the record of what went to it is removed with it.</p>
      {remove.isError && <ProblemNote error={remove.error} />}
      <div className="dialog-actions">
        <button type="button" className="button" onClick={onClose}>
          Keep it
        </button>
        <button type="button" className="button danger" disabled={remove.isPending} onClick={() => remove.mutate()}>
          Delete
        </button>
      </div>
    </Dialog>
  );
}
