import { type ReactNode, useId } from "react";

/** What a control gets from its field: spread it over the input, select or textarea. */
interface Control {
  id: string;
  className: string;
  "aria-describedby"?: string;
  "aria-invalid"?: true;
}

interface FieldProps {
  label: string;
  hint?: ReactNode;
  /** What is wrong with it, said at once; stands in the place of the hint. */
  problem?: string | null;
  /** Takes the room that is left in its row. */
  grow?: boolean;
  children: (control: Control) => ReactNode;
}

/** A control with its label, and below it a hint or what is wrong with it. */
export function Field({ label, hint, problem = null, grow = false, children }: FieldProps) {
  const id = useId();
  const below = problem ?? hint;
  return (
    <div className={grow ? "field grow" : "field"}>
      <label htmlFor={id}>{label}</label>
      {children({
        id,
        className: "input",
        ...(below === undefined ? {} : { "aria-describedby": `${id}-below` }),
        ...(problem === null ? {} : { "aria-invalid": true }),
      })}
      {below !== undefined && (
        <p id={`${id}-below`} className={problem === null ? "hint" : "field-problem"} role={problem === null ? undefined : "alert"}>
          {below}
        </p>
      )}
    </div>
  );
}
