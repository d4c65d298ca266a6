import { lazy, type ReactNode, Suspense } from "react";
import "./window-list.css";

export interface WindowListProps<T> {
  label: string;
  items: readonly T[];
  keyOf: (item: T) => string;
  children: (item: T, index: number) => ReactNode;
  /** The usual height of a row, in pixels. */
  estimate: number;
  /** Called when the end comes near; null when there is no more. */
  more: (() => void) | null;
}

/** Lists up to here stand in the document whole. */
const short = 60;

const VirtualList = lazy(() => import("./virtual-list.tsx"));

/** A list of any length that scrolls with the page: of a long one only what is near the screen is in the document. */
export function WindowList<T>(props: WindowListProps<T>) {
  const { label, items, keyOf, children, more } = props;
  const plain = (
    <ul className="window-list" aria-label={label}>
      {items.slice(0, short).map((item, index) => (
        <li key={keyOf(item)}>{children(item, index)}</li>
      ))}
    </ul>
  );
  if (more === null && items.length <= short) return plain;
  const rows = items as readonly unknown[];
  return (
    <Suspense fallback={plain}>
      <VirtualList {...props} items={rows} keyOf={(item) => keyOf(item as T)} children={(item, index) => children(item as T, index)} />
    </Suspense>
  );
}
