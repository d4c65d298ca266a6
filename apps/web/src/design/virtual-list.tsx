import { useWindowVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useLayoutEffect, useRef, useState } from "react";
import type { WindowListProps } from "./window-list.tsx";

/** The long form of WindowList. */
export function VirtualList({ label, items, keyOf, children, estimate, more }: WindowListProps<unknown>) {
  const list = useRef<HTMLUListElement>(null);
  const [top, setTop] = useState(0);
  useLayoutEffect(() => setTop(list.current === null ? 0 : list.current.getBoundingClientRect().top + scrollY), []);
  const virtual = useWindowVirtualizer({
    count: items.length,
    estimateSize: () => estimate,
    overscan: 8,
    scrollMargin: top,
    getItemKey: (index) => {
      const item = items[index];
      return item === undefined ? index : keyOf(item);
    },
  });
  const rows = virtual.getVirtualItems();
  const last = rows.at(-1)?.index ?? 0;
  useEffect(() => {
    if (more !== null && last >= items.length - 10) more();
  }, [last, items.length, more]);
  return (
    <ul ref={list} className="window-list virtual" aria-label={label} style={{ height: virtual.getTotalSize() }}>
      {rows.map(({ index, key, start }) => {
        const item = items[index];
        return item === undefined ? null : (
          <li
            key={key}
            ref={virtual.measureElement}
            data-index={index}
            aria-setsize={more === null ? items.length : -1}
            aria-posinset={index + 1}
            style={{ transform: `translateY(${start - top}px)` }}
          >
            {children(item, index)}
          </li>
        );
      })}
    </ul>
  );
}
