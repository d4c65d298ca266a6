import { type FormEvent, useState } from "react";
import { useSession } from "../session/session.tsx";
import { Field } from "../../design/field.tsx";
import { useSay } from "../../design/toasts.tsx";

/** The operator's view needs the admin key; it is kept until the tab is closed. */
export function AdminSignIn() {
  const { signIn } = useSession();
  const say = useSay();
  const [key, setKey] = useState("");
  const [problem, setProblem] = useState<string | null>(null);

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (!key.trim().startsWith("mema_admin_")) {
      setProblem("This is not an admin key: it begins with mema_admin_.");
      return;
    }
    try {
      await signIn(key.trim(), false);
      say("The operator's view is open.");
    } catch {
      setProblem("The server does not accept this key.");
    }
  };
  return (
    <section className="section card" aria-labelledby="operator-title">
      <h2 id="operator-title">For the operator</h2>
      <form className="form" onSubmit={(event) => void submit(event)} noValidate>
        <Field
          label="Admin key"
          hint="It shows counts over all users and nobody's content. The page forgets it when the tab is closed."
          problem={problem}
        >
          {(control) => (
            <input
              {...control}
              className="input mono"
              type="password"
              autoComplete="off"
              placeholder="mema_admin_…"
              value={key}
              onChange={(event) => setKey(event.target.value)}
            />
          )}
        </Field>
        <button type="submit" className="button">
          Open the operator's view
        </button>
      </form>
    </section>
  );
}
