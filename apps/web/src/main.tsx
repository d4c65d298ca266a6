import "./design/tokens.css";
import "./design/base.css";
import "./design/components.css";
import { RouterProvider } from "@tanstack/react-router";
import { lazy, StrictMode, Suspense, useState } from "react";
import { createRoot } from "react-dom/client";
import { applyTheme } from "./app/theme.ts";
import { Toasts } from "./design/toasts.tsx";
import { forgetKey, takeKeyFromAddress } from "./features/session/credentials.ts";
import { SessionProvider, useSession } from "./features/session/session.tsx";
import { createPageRouter } from "./router.tsx";

const SignIn = lazy(async () => ({ default: (await import("./features/session/sign-in.tsx")).SignIn }));

applyTheme();
const linkKey = takeKeyFromAddress();
// A link opens the memory it was made for, whichever was open here before.
if (linkKey !== null) forgetKey("user");

function App() {
  const { client, admin } = useSession();
  const [link, setLink] = useState(linkKey);
  if (link === null && (client !== null || admin !== null)) return <Pages key={client === null ? "operator" : "user"} />;
  return (
    <Suspense>
      <SignIn linkKey={link} onOpened={() => setLink(null)} />
    </Suspense>
  );
}

function Pages() {
  const [router] = useState(createPageRouter);
  return <RouterProvider router={router} />;
}

const element = document.querySelector("#root");
if (element === null) throw new Error("the page has no #root");
createRoot(element).render(
  <StrictMode>
    <SessionProvider>
      <Toasts>
        <App />
      </Toasts>
    </SessionProvider>
  </StrictMode>,
);
