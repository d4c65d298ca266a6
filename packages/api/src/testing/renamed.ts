const uuid = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/gi;
const instant = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/g;
/** Words about how far away something is: they depend on when the program ran. */
const relative = new Set(["relative", "sentence", "nextCursor"]);
const scores = new Set(["score"]);

/** Answers with their ids named by the order in which they appear, and without what depends on the moment of the run. */
export function renamed(answers: readonly unknown[]): unknown {
  const names = new Map<string, string>();
  const visit = (value: unknown, key: string): unknown => {
    if (typeof value === "string") {
      if (relative.has(key)) return "…";
      return value
        .replaceAll(instant, (found) => (Date.parse(found) < Date.parse("2026-06-01T00:00:00Z") || found > "2030" ? found : "now"))
        .replaceAll(uuid, (id) => {
          if (!names.has(id)) names.set(id, `id ${names.size + 1}`);
          return names.get(id) ?? id;
        });
    }
    // Scores hold how recent something is: the same to more digits than a ranking needs.
    if (typeof value === "number" && scores.has(key)) return Math.round(value * 100) / 100;
    if (Array.isArray(value)) return value.map((item) => visit(item, key));
    if (value instanceof Date) return visit(value.toISOString(), key);
    if (typeof value === "object" && value !== null) {
      return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, visit(inner, name)]));
    }
    return value;
  };
  return answers.map((answer) => visit(answer, ""));
}
