import type { FormEvent, KeyboardEvent } from "react";

interface ComposerProps {
  text: string;
  setText: (text: string) => void;
  send: (text: string) => void;
  /** A message waits for the connection. */
  waiting: boolean;
}

export function Composer({ text, setText, send, waiting }: ComposerProps) {
  const submit = (event?: FormEvent) => {
    event?.preventDefault();
    if (text.trim() !== "") send(text);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) submit();
  };
  return (
    <form className="card composer" onSubmit={submit}>
      <label className="visually-hidden" htmlFor="message">
        Message
      </label>
      <textarea
        id="message"
        className="input"
        rows={2}
        maxLength={100_000}
        placeholder="Remember that …, remind me to …, forget …, what do you know about …"
        value={text}
        onChange={(event) => setText(event.target.value)}
        onKeyDown={onKeyDown}
      />
      <div className="row apart">
        <p className="hint" role="status">
          {waiting ? "Waiting for the connection; it is sent when it is back." : ""}
          {!waiting && (
            <span className="wide-only">
              <kbd>Ctrl</kbd> <kbd>Enter</kbd> sends
            </span>
          )}
        </p>
        <button type="submit" className="button primary" disabled={text.trim() === ""}>
          Send
        </button>
      </div>
    </form>
  );
}
