import { useState } from "react";
import { useSay } from "./toasts.tsx";

/** A secret that is shown this once. */
export function SecretNote({ label, secret, onDone }: { label: string; secret: string; onDone: () => void }) {
  const [copied, setCopied] = useState(false);
  const say = useSay();
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(secret);
      setCopied(true);
      say("Copied.");
    } catch {
      say("The browser did not allow copying: select the text and copy it yourself.");
    }
  };
  return (
    <div className="card stack tight" role="status">
      <p>
        <strong>{label}</strong> It is shown only now: keep it somewhere safe.
      </p>
      <div className="secret">
        <code>{secret}</code>
        <button type="button" className="button small" onClick={() => void copy()}>
          {copied ? "Copied" : "Copy"}
        </button>
        <button type="button" className="button small" onClick={onDone}>
          Done
        </button>
      </div>
    </div>
  );
}
