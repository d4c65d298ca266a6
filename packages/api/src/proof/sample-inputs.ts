import { randomUUID } from "node:crypto";
import { z } from "zod";

interface Schema {
  type?: string;
  format?: string;
  const?: unknown;
  enum?: unknown[];
  anyOf?: Schema[];
  oneOf?: Schema[];
  properties?: Record<string, Schema>;
  required?: string[];
  items?: Schema;
  minLength?: number;
  minimum?: number;
}

/** What cannot be read from a schema: which of its optional fields a call needs, and texts with a grammar. By procedure, then field. */
const hints: Record<string, object[]> = {
  "reminders.create": [{ in: "PT1H" }],
  "reminders.parse": [{ text: "to stretch in 20 minutes" }],
  "reminders.preview": [{ in: "PT1H" }, { dtstartLocal: "2030-01-01T09:00:00", tz: "UTC", rrule: "FREQ=DAILY" }],
  "reminders.snooze": [{ for: "PT1H" }],
};

/**
 * Inputs that a procedure takes, read from its own schema, with `id` where an id may stand: with the required fields alone, with every field
 * that takes an id, and with it in the first of them and nobody's in the others. `text` is what its texts say.
 */
export function sampleInputs(path: string, schema: unknown, id: string, text: string): unknown[] {
  if (!(schema instanceof z.ZodType)) return [undefined];
  const root = z.toJSONSchema(schema, { io: "input", unrepresentable: "any" }) as Schema;
  const alternatives = root.anyOf ?? root.oneOf ?? [root];
  const once = () => {
    let used = false;
    return () => {
      const next = used ? randomUUID() : id;
      used = true;
      return next;
    };
  };
  const samples = alternatives.flatMap((alternative) => [
    ...[false, true].map((everyId) => sample(alternative, { id: () => id, text, everyId })),
    ...(JSON.stringify(alternative).split('"format":"uuid"').length > 2 ? [sample(alternative, { id: once(), text, everyId: true })] : []),
  ]);
  const hinted = (hints[path] ?? [{}]).flatMap((hint) => samples.map((one) => Object.assign({}, hint, one)));
  return [...new Map(hinted.map((one) => [JSON.stringify(one), one])).values()];
}

/** The names of everything that an input has, as one text; null when none of it takes an id. */
export function idFieldsOf(schema: unknown): string | null {
  if (!(schema instanceof z.ZodType)) return null;
  const text = JSON.stringify(z.toJSONSchema(schema, { io: "input", unrepresentable: "any" }));
  return text.includes('"format":"uuid"') ? text : null;
}

interface Values {
  id: () => string;
  text: string;
  everyId: boolean;
}

function sample(schema: Schema, values: Values): unknown {
  const [choice] = schema.anyOf ?? schema.oneOf ?? [];
  if (choice !== undefined) return sample(choice, values);
  if (schema.const !== undefined) return schema.const;
  if (schema.enum !== undefined) return schema.enum[0];
  switch (schema.type) {
    case "object":
      return Object.fromEntries(
        Object.entries(schema.properties ?? {})
          .filter(
            ([name, field]) => schema.required?.includes(name) === true || (values.everyId && JSON.stringify(field).includes('"uuid"')),
          )
          .map(([name, field]) => [name, sample(field, values)]),
      );
    case "array":
      return [sample(schema.items ?? {}, values)];
    case "integer":
    case "number":
      return Math.max(1, schema.minimum ?? 1);
    case "boolean":
      return false;
    case "string":
      if (schema.format === "uuid") return values.id();
      if (schema.format === "date-time") return "2030-01-01T00:00:00Z";
      if (schema.format === "date") return "2030-01-01";
      return values.text;
    default:
      return values.text;
  }
}
