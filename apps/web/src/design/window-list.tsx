import { type ReactNode, useEffect, useState } from "react";
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

type VirtualList = typeof import("./virtual-list.tsx").VirtualList;
let loaded: VirtualList | null = null;

/** A list of any length that scrolls with the page: of a long one only what is near the screen is in the document. */
export function WindowList<T>(props: WindowListProps<T>) {
  const { label, items, keyOf, children, more } = props;
  const long = more !== null || items.length > short;
  const Virtual = useVirtualList(long);
  if (long && Virtual !== null) {
    return (
      <Virtual {...props} items={items} keyOf={(item) => keyOf(item as T)}>
        {(item, index) => children(item as T, index)}
      </Virtual>
    );
  }
  return (
    <ul className="window-list" aria-label={label}>
      {items.slice(0, short).map((item, index) => (
        <li key={keyOf(item)}>{children(item, index)}</li>
      ))}
    </ul>
  );
}

/**
 * Not `lazy` under Suspense: React holds back what took the place of a fallback for up to 300 ms after it was rendered, and the list
 * would then set the page back to where it was scrolled at that time.
 */
function useVirtualList(needed: boolean): VirtualList | null {
  const [virtual, setVirtual] = useState(() => loaded);
  useEffect(() => {
    if (!needed || virtual !== null) return;
    const load = async () => {
      const { VirtualList } = await import("./virtual-list.tsx");
      loaded = VirtualList;
      setVirtual(() => VirtualList);
    };
    void load();
  }, [needed, virtual]);
  return virtual;
}
