import { type FormEvent, useEffect, useId, useRef, useState } from "react";
import { describeProblem, errorCode } from "../../app/problems.ts";
import { useSession } from "./session.tsx";
import "./sign-in.css";

interface SignInProps {
  /** The key that came with the link: it is tried at once. */
  linkKey: string | null;
  onOpened: () => void;
}

/** Opens a memory with a key. */
export function SignIn({ linkKey, onOpened }: SignInProps) {
  const { signIn, ended } = useSession();
  const [key, setKey] = useState("");
  const [stay, setStay] = useState(false);
  const [busy, setBusy] = useState(linkKey !== null);
  const [problem, setProblem] = useState<string | null>(null);
  const keyId = useId();
  const problemId = useId();
  const field = useRef<HTMLInputElement>(null);

  async function open(with_: string) {
    setBusy(true);
    setProblem(null);
    try {
      await signIn(with_, stay);
      onOpened();
    } catch (error) {
      const { title, advice } = describeProblem(error);
      setProblem(
        errorCode(error) === "UNAUTHORIZED"
          ? "This key opens no memory here: it may be mistyped, revoked or of another server."
          : errorCode(error) === "FORBIDDEN"
            ? "This is the worker's key. Use a user's key, or the admin key."
            : `${title} ${advice}`,
      );
      setBusy(false);
      field.current?.focus();
    }
  }

  const tried = useRef(false);
  useEffect(() => {
    if (linkKey === null || tried.current) return;
    tried.current = true;
    void open(linkKey);
  });

  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (key.trim() === "") {
      setProblem("Paste your key first. It begins with mema_.");
      field.current?.focus();
      return;
    }
    void open(key.trim());
  };

  return (
    <main className="sign-in">
      <div className="sign-in-words">
        <p className="wordmark">
          <span>mema</span>
        </p>
        <h1>
          What your assistants <mark>remember</mark> for you.
        </h1>
        <p>
          See it, correct it, forget it, and know what you will be reminded of. It is yours alone: the database itself keeps everyone else
          out.
        </p>
      </div>
      <form className="card form" onSubmit={submit} noValidate>
        <h2>Open your memory</h2>
        {ended && (
          <p className="note" role="status">
            You were signed out: the key was revoked or is no longer valid.
          </p>
        )}
        <div className="field">
          <label htmlFor={keyId}>API key</label>
          <input
            ref={field}
            id={keyId}
            className="input mono"
            type="password"
            autoComplete="off"
            spellCheck={false}
            placeholder="mema_…"
            value={key}
            aria-invalid={problem !== null}
            aria-describedby={problemId}
            onChange={(event) => setKey(event.target.value)}
          />
          <p id={problemId} className="field-problem" role="alert">
            {problem}
          </p>
        </div>
        <label className="check">
          <input type="checkbox" checked={stay} onChange={(event) => setStay(event.target.checked)} />
          <span>
            Stay signed in on this device
            <span className="hint block">
              Otherwise this browser forgets the key when you close the tab. Tick it only on a device of your own: the key is then stored
              here until you sign out.
            </span>
          </span>
        </label>
        <button type="submit" className="button primary" disabled={busy}>
          {busy ? "Opening…" : "Open"}
        </button>
        <p className="hint">
          Where is the key? The server printed it, with a link that signs you in, when it was started the first time; its operator makes
          more.
        </p>
      </form>
    </main>
  );
}
