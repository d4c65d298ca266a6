import { createContext, type ReactNode, useCallback, useContext, useMemo, useRef, useState } from "react";
import { Icon } from "./icon.tsx";

interface Toast {
  id: number;
  text: string;
  action?: { label: string; run: () => void };
}

type Say = (text: string, action?: Toast["action"]) => void;

const ToastContext = createContext<Say>(() => {});
const shownForMs = 8_000;

/** Says in a corner, and to a screen reader, what has happened; with an action (undo) where there is one. */
export const useSay = (): Say => useContext(ToastContext);

export function Toasts({ children }: { children: ReactNode }) {
  const [toasts, setToasts] = useState<Toast[]>([]);
  const last = useRef(0);
  const remove = useCallback((id: number) => setToasts((now) => now.filter((toast) => toast.id !== id)), []);
  const say = useCallback<Say>(
    (text, action) => {
      const id = ++last.current;
      setToasts((now) => [...now.slice(-2), { id, text, ...(action === undefined ? {} : { action }) }]);
      setTimeout(() => remove(id), shownForMs);
    },
    [remove],
  );
  const value = useMemo(() => say, [say]);
  return (
    <ToastContext value={value}>
      {children}
      <div className="toasts" role="status" aria-live="polite">
        {toasts.map(({ id, text, action }) => (
          <div key={id} className="toast">
            <span>{text}</span>
            {action !== undefined && (
              <button
                type="button"
                className="button small undo"
                onClick={() => {
                  action.run();
                  remove(id);
                }}
              >
                {action.label}
              </button>
            )}
            <button type="button" className="button small quiet icon-only" aria-label="Dismiss" onClick={() => remove(id)}>
              <Icon name="close" />
            </button>
          </div>
        ))}
      </div>
    </ToastContext>
  );
}
