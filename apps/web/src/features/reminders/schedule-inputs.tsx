import { Field } from "../../design/field.tsx";

interface NumberFieldProps {
  label: string;
  /** NaN while nothing is typed. */
  value: number;
  min: number;
  max: number;
  set: (value: number) => void;
}

export function NumberField({ label, value, min, max, set }: NumberFieldProps) {
  return (
    <Field label={label}>
      {(control) => (
        <input
          {...control}
          type="number"
          min={min}
          max={max}
          required
          value={Number.isNaN(value) ? "" : value}
          onChange={(event) => set(event.target.valueAsNumber)}
        />
      )}
    </Field>
  );
}

/** A time of day, as "08:30". */
export function TimeField({ value, set }: { value: string; set: (value: string) => void }) {
  return (
    <Field label="Time">
      {(control) => <input {...control} type="time" required value={value} onChange={(event) => set(event.target.value)} />}
    </Field>
  );
}
