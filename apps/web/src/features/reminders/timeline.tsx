import { useCallback, useState } from "react";
import type { Moment } from "../../app/api-types.ts";
import { dayOf, presentMs } from "../../app/time.ts";
import { clockChanges } from "./clock-changes.ts";

const height = 84;
const [left, axis] = [14, 46];

/** More changes of the clocks than these are not drawn. */
const mostDrawn = 6;

/** Half of what "clocks +1 h" takes. */
const halfLabel = 44;

const hours = (minutes: number) =>
  `${minutes > 0 ? "+" : "−"}${Math.abs(minutes) % 60 === 0 ? Math.abs(minutes) / 60 : (Math.abs(minutes) / 60).toFixed(1)} h`;

/** The width of an element as it is shown, so that words in the drawing keep their size on every screen. */
function useWidth(): [width: number, measure: (element: SVGSVGElement | null) => (() => void) | undefined] {
  const [width, setWidth] = useState(480);
  const measure = useCallback((element: SVGSVGElement | null) => {
    if (element === null) return;
    const observer = new ResizeObserver(([entry]) => setWidth((before) => entry?.contentRect.width || before));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  return [width, measure];
}

/** The next occurrences on a line of time, with the nights on which the clocks change. Below it the same in words. */
export function Timeline({ moments, tz }: { moments: readonly Moment[]; tz: string }) {
  const [width, measure] = useWidth();
  const last = moments.at(-1);
  if (last === undefined) return null;
  const right = width - 14;
  const from = presentMs();
  const to = Math.max(Date.parse(last.at), from + 60_000);
  const changes = clockChanges(from, to, tz);
  const x = (ms: number) => left + ((ms - from) / (to - from)) * (right - left);
  // Over many years the words below tell, not a fence of lines; a word for each line where there is room.
  const drawn = changes.length <= mostDrawn ? changes : [];
  const labelled = drawn.every(({ atMs }, index) => index === 0 || x(atMs) - x(drawn[index - 1]?.atMs ?? 0) >= 2 * halfLabel);
  const shifted = moments.filter(({ shiftedBySeconds }) => shiftedBySeconds !== 0).length;
  const spelledOut = moments.filter(({ shiftedBySeconds }, index) => index < 4 || shiftedBySeconds !== 0);

  return (
    <figure className="timeline">
      <svg
        ref={measure}
        viewBox={`0 0 ${width} ${height}`}
        role="img"
        aria-label={`${moments.length} occurrences from now to ${dayOf(last.at, tz)}, ${changes.length} clock changes`}
      >
        <line className="axis" x1={left} x2={right} y1={axis} y2={axis} />
        <line className="now" x1={left} x2={left} y1={axis - 12} y2={axis + 12} />
        <text x={left - 4} y={height - 8}>
          now
        </text>
        {drawn.map(({ atMs, byMinutes }) => (
          <g key={atMs} className="clock-change">
            <line x1={x(atMs)} x2={x(atMs)} y1={18} y2={axis + 14} />
            {labelled && (
              <text x={Math.min(Math.max(x(atMs), halfLabel), width - halfLabel)} y={12} textAnchor="middle">
                clocks {hours(byMinutes)}
              </text>
            )}
          </g>
        ))}
        {moments.map(({ at, shiftedBySeconds }) => (
          <circle
            key={at}
            className={shiftedBySeconds === 0 ? "tick" : "tick shifted"}
            cx={x(Date.parse(at))}
            cy={axis}
            r={shiftedBySeconds === 0 ? 5 : 6.5}
          />
        ))}
        <text x={right + 4} y={height - 8} textAnchor="end">
          {dayOf(last.at, tz)}
        </text>
      </svg>
      <figcaption>
        <ol className="moments">
          {spelledOut.map((moment) => (
            <li key={moment.at}>
              <time dateTime={moment.at}>{moment.sentence}</time>
              {moment.shiftedBySeconds !== 0 && (
                <span className="tag warn">
                  {Math.abs(Math.round(moment.shiftedBySeconds / 60))} min later: that time does not exist that night
                </span>
              )}
            </li>
          ))}
        </ol>
        {moments.length > spelledOut.length && <p className="meta">and {moments.length - spelledOut.length} more on the line</p>}
        {changes.length > 0 && shifted === 0 && <p className="meta">The clocks change meanwhile; the reminder keeps its time of day.</p>}
      </figcaption>
    </figure>
  );
}
