/** Latencies in milliseconds by how many messages the user has. */
export type Growth = Readonly<Record<string, { p50: number; p95: number }>>;

const [width, height] = [800, 400];
const plot = { left: 64, right: 560, top: 48, bottom: 340 };
const labelHeight = 17;
const colours = [
  { light: "#0969da", dark: "#4493f8" },
  { light: "#bc4c00", dark: "#f0883e" },
  { light: "#1a7f37", dark: "#3fb950" },
  { light: "#8250df", dark: "#ab7df8" },
] as const;

const rulesOf = (shade: "light" | "dark"): string =>
  colours
    .map((colour, index) => {
      const [of, hue] = [`.s${index}`, colour[shade]];
      return `${of} polyline { stroke: ${hue} } ${of} polygon, ${of} circle { fill: ${hue} } ${of} text { fill: ${hue}; font-weight: 600 }`;
    })
    .join("\n");

/**
 * How the cost of a search grows with what a user has said, both axes logarithmic, as an SVG that heeds the reader's dark or light
 * preference. Lines are medians, bands reach up to the 95th percentile.
 */
export function drawGrowth(title: string, systems: readonly { name: string; growth: Growth }[]): string {
  const sizes = [...new Set(systems.flatMap(({ growth }) => Object.keys(growth).map(Number)))].toSorted((a, b) => a - b);
  const values = systems.flatMap(({ growth }) => Object.values(growth).flatMap(({ p50, p95 }) => [p50, p95]));
  const [first = 1, last = 10] = [sizes.at(0), sizes.at(-1)];
  const decades = { from: Math.floor(Math.log10(Math.min(...values))), to: Math.ceil(Math.log10(Math.max(...values))) };
  const x = (size: number) => round(plot.left + (Math.log10(size / first) / Math.log10(last / first || 10)) * (plot.right - plot.left));
  const y = (value: number) =>
    round(plot.bottom - ((Math.log10(value) - decades.from) / (decades.to - decades.from)) * (plot.bottom - plot.top));
  const rows = Array.from({ length: decades.to - decades.from + 1 }, (_, index) => 10 ** (decades.from + index));
  const ends = systems.map(({ growth }, index) => ({ index, y: y(Object.values(growth).at(-1)?.p50 ?? 1) }));
  const labels = new Map<number, number>();
  let above = Number.NEGATIVE_INFINITY;
  for (const { index, y: wanted } of ends.toSorted((a, b) => a.y - b.y)) {
    above = Math.max(wanted, above + labelHeight);
    labels.set(index, above);
  }
  const lines = systems.map(({ name, growth }, index) => {
    const points = Object.entries(growth).map(([size, { p50, p95 }]) => ({ at: x(Number(size)), middle: y(p50), high: y(p95), p50 }));
    const path = (corners: readonly { at: number; y: number }[]) => corners.map(({ at, y: to }) => `${at},${to}`).join(" ");
    const upper = points.map(({ at, high }) => ({ at, y: high }));
    const lower = points.map(({ at, middle }) => ({ at, y: middle }));
    const end = points.at(-1);
    return `<g class="s${index}"><polygon points="${path([...upper, ...lower.toReversed()])}"/><polyline points="${path(lower)}"/>
${points.map(({ at, middle }) => `<circle cx="${at}" cy="${middle}" r="3"/>`).join("")}
<text x="${(end?.at ?? 0) + 10}" y="${(labels.get(index) ?? 0) + 4}">${name}, ${end?.p50} ms</text></g>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-label="${title}">
<style>
text { font: 13px system-ui, sans-serif; fill: #57606a } .title { font-size: 15px; font-weight: 600; fill: #1f2328 }
.grid { stroke: #d0d7de; stroke-width: 1 } polyline { fill: none; stroke-width: 2.5 } polygon { stroke: none; opacity: 0.15 }
${rulesOf("light")}
@media (prefers-color-scheme: dark) {
text { fill: #9198a1 } .title { fill: #f0f6fc } .grid { stroke: #3d444d }
${rulesOf("dark")} }
</style>
<text class="title" x="${plot.left}" y="24">${title}</text>
${rows.map((value) => `<line class="grid" x1="${plot.left}" x2="${plot.right}" y1="${y(value)}" y2="${y(value)}"/><text x="${plot.left - 8}" y="${y(value) + 4}" text-anchor="end">${value} ms</text>`).join("\n")}
${sizes.map((size) => `<text x="${x(size)}" y="${plot.bottom + 22}" text-anchor="middle">${size.toLocaleString("en")}</text>`).join("\n")}
<text x="${(plot.left + plot.right) / 2}" y="${plot.bottom + 46}" text-anchor="middle">messages of the user; line: median, band: up to the 95th percentile</text>
${lines.join("\n")}
</svg>
`;
}

const round = (value: number): number => Math.round(value * 10) / 10;
