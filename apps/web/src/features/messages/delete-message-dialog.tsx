import { useState } from "react";
import type { Fact, Message } from "../../app/api-types.ts";
import { Dialog } from "../../design/dialog.tsx";
import { useDeleteMessage } from "./use-messages.ts";

export function DeleteMessageDialog({ message, facts, onClose }: { message: Message; facts: readonly Fact[]; onClose: () => void }) {
  const [withFacts, setWithFacts] = useState(facts.length > 0);
  const remove = useDeleteMessage();
  const confirm = () => {
    remove.mutate({ id: message.id, withFacts });
    onClose();
  };
  return (
    <Dialog title="Forget this message?" onClose={onClose}>
      <p className="quote">{message.content.length > 400 ? `${message.content.slice(0, 400)}…` : message.content}</p>
      {facts.length > 0 && (
        <label className="check">
          <input type="checkbox" checked={withFacts} onChange={(event) => setWithFacts(event.target.checked)} />
          <span>
            Also forget what was learnt from it
            <span className="hint block">{facts.map(({ content }) => content).join(" · ")}</span>
          </span>
        </label>
      )}
      <p className="hint">It is removed for good, from the search and from every quote. This cannot be undone.</p>
      <div className="dialog-actions">
        <button type="button" className="button" onClick={onClose}>
          Keep it
        </button>
        <button type="button" className="button danger" onClick={confirm}>
          Forget
        </button>
      </div>
    </Dialog>
  );
}
