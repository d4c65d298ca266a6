import { Link, Outlet, useNavigate, useRouterState } from "@tanstack/react-router";
import { type ReactNode, useEffect, useState } from "react";
import { Dialog } from "../design/dialog.tsx";
import { Icon, type IconName } from "../design/icon.tsx";
import { useDueCount } from "../features/reminders/due-watch.tsx";
import { useSession } from "../features/session/session.tsx";
import { type Connection, useLiveEvents } from "./live-events.ts";
import { type Theme, useTheme } from "./theme.ts";
import "./shell.css";

const pages = [
  { to: "/", label: "Talk", icon: "talk" },
  { to: "/memory", label: "Memory", icon: "memory" },
  { to: "/people", label: "People and things", short: "People", icon: "people" },
  { to: "/reminders", label: "Reminders", icon: "bell" },
  { to: "/keys", label: "Keys and channels", short: "Keys", icon: "key" },
  { to: "/system", label: "System", icon: "pulse" },
] as const satisfies readonly { to: string; label: string; short?: string; icon: IconName }[];

/** The frame around every page: navigation at the side, on a phone at the bottom. */
export function Shell() {
  const { client } = useSession();
  return client === null ? <Frame connection={null} due={0} /> : <LiveFrame />;
}

function LiveFrame() {
  const { client } = useSession();
  if (client === null) throw new Error("no user is signed in");
  return <Frame connection={useLiveEvents(client)} due={useDueCount()} />;
}

function Frame({ connection, due }: { connection: Connection | null; due: number }) {
  const { signOut } = useSession();
  const [theme, setTheme] = useTheme();
  const [more, setMore] = useState(false);
  const shortcuts = useShortcuts();
  const shown = connection === null ? pages.filter(({ to }) => to === "/system") : pages;
  const offline = useOffline();

  const themeChoice = (
    <div className="choice" role="group" aria-label="Colours">
      {(["auto", "light", "dark"] satisfies Theme[]).map((each) => (
        <button key={each} type="button" aria-pressed={theme === each} onClick={() => setTheme(each)}>
          {each === "auto" ? "Auto" : each === "light" ? "Light" : "Dark"}
        </button>
      ))}
    </div>
  );

  return (
    <div className="frame">
      <a className="skip" href="#content">
        Skip to the page
      </a>
      <header className="side">
        <p className="wordmark">
          <span>mema</span>
        </p>
        <nav aria-label="Pages">
          <ul>
            {shown.map((page) => (
              <li key={page.to} className={page.to === "/keys" || page.to === "/system" ? "wide-only" : undefined}>
                <Link to={page.to} activeOptions={{ exact: page.to === "/" }} activeProps={{ "aria-current": "page" }}>
                  <Icon name={page.icon} />
                  <span className="wide-only">{page.label}</span>
                  <span className="narrow-only">{"short" in page ? page.short : page.label}</span>
                  {page.to === "/reminders" && due > 0 && (
                    <span className="count">
                      {due}
                      <span className="visually-hidden"> due</span>
                    </span>
                  )}
                </Link>
              </li>
            ))}
            <li className="narrow-only">
              <button type="button" aria-haspopup="dialog" onClick={() => setMore(true)}>
                <Icon name="more" />
                <span>More</span>
              </button>
            </li>
          </ul>
        </nav>
        <div className="side-foot">
          {connection !== null && <ConnectionMark connection={offline ? "interrupted" : connection} />}
          {themeChoice}
          <div className="row">
            <button type="button" className="button quiet small" onClick={() => signOut()}>
              <Icon name="out" /> Sign out
            </button>
            <button
              type="button"
              className="button quiet small icon-only"
              aria-label="Keyboard shortcuts"
              onClick={() => shortcuts.setOpen(true)}
            >
              <Icon name="question" />
            </button>
          </div>
        </div>
      </header>
      <main id="content" tabIndex={-1}>
        <ConnectionNote interrupted={offline || connection === "interrupted"} />
        <Outlet />
      </main>
      {more && (
        <Dialog title="More" onClose={() => setMore(false)}>
          <ul className="more-list">
            {shown.slice(-2).map((page) => (
              <li key={page.to}>
                <Link to={page.to} onClick={() => setMore(false)}>
                  <Icon name={page.icon} /> {page.label}
                </Link>
              </li>
            ))}
          </ul>
          {themeChoice}
          <button type="button" className="button" onClick={() => signOut()}>
            <Icon name="out" /> Sign out
          </button>
        </Dialog>
      )}
      {shortcuts.open && <ShortcutList onClose={() => shortcuts.setOpen(false)} />}
    </div>
  );
}

function ConnectionMark({ connection }: { connection: Connection }) {
  const words = { connecting: "Connecting", live: "Live", interrupted: "Reconnecting" }[connection];
  return (
    <p className={`connection ${connection}`}>
      <span aria-hidden="true" />
      {words}
    </p>
  );
}

/** Tells of a lost connection once it has lasted long enough to matter. */
function ConnectionNote({ interrupted }: { interrupted: boolean }) {
  const [shown, setShown] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setShown(interrupted), interrupted ? 1_500 : 0);
    return () => clearTimeout(timer);
  }, [interrupted]);
  return (
    <div role="status">
      {shown && (
        <p className="note connection-note">The connection is interrupted. What you see may be old; it comes up to date by itself.</p>
      )}
    </div>
  );
}

function useOffline(): boolean {
  const [offline, setOffline] = useState(!navigator.onLine);
  useEffect(() => {
    const update = () => setOffline(!navigator.onLine);
    addEventListener("online", update);
    addEventListener("offline", update);
    return () => {
      removeEventListener("online", update);
      removeEventListener("offline", update);
    };
  }, []);
  return offline;
}

const isTyping = (target: EventTarget | null) =>
  target instanceof HTMLElement && (target.isContentEditable || ["INPUT", "TEXTAREA", "SELECT"].includes(target.tagName));

function useShortcuts() {
  const navigate = useNavigate();
  const [open, setOpen] = useState(false);
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent) => {
      const search = (event.key === "k" && (event.ctrlKey || event.metaKey)) || (event.key === "/" && !isTyping(event.target));
      if (document.querySelector("dialog[open]") !== null || event.altKey) return;
      if (search) {
        event.preventDefault();
        const field = document.querySelector<HTMLInputElement>("input[type=search]");
        if (location.pathname === "/memory" && field !== null) field.focus();
        else void navigate({ to: "/memory", search: { focus: true } });
      } else if (!isTyping(event.target) && !event.ctrlKey && !event.metaKey && event.key === "c") {
        event.preventDefault();
        void navigate({ to: "/" }).then(() => document.querySelector<HTMLElement>("#message")?.focus());
      } else if (!isTyping(event.target) && event.key === "?") setOpen(true);
    };
    addEventListener("keydown", onKeyDown);
    return () => removeEventListener("keydown", onKeyDown);
  }, [navigate]);
  return { open, setOpen };
}

function ShortcutList({ onClose }: { onClose: () => void }) {
  const keys: [ReactNode, string][] = [
    [<kbd key="slash">/</kbd>, "Search the memory (also Ctrl K or ⌘ K)"],
    [<kbd key="c">c</kbd>, "Write a message"],
    [<kbd key="enter">Ctrl Enter</kbd>, "Send the message"],
    [<kbd key="escape">Esc</kbd>, "Close what is open"],
    [<kbd key="question">?</kbd>, "Show this list"],
  ];
  return (
    <Dialog title="Keyboard shortcuts" onClose={onClose}>
      <dl className="details">
        {keys.map(([key, does]) => (
          <div key={does} className="shortcut">
            <dt>{key}</dt>
            <dd>{does}</dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}

/** The heading of a page: it names the tab and takes the focus when the page was navigated to. */
export function PageHead({ title, children, actions }: { title: string; children?: ReactNode; actions?: ReactNode }) {
  const arrived = useRouterState({ select: (state) => state.location.state.key });
  useEffect(() => {
    document.title = `${title} · Mema`;
  }, [title]);
  useEffect(() => {
    if (arrived !== undefined && document.activeElement?.closest("nav") != null) document.querySelector<HTMLElement>("h1")?.focus();
  }, [arrived]);
  return (
    <div className="page-head">
      <div>
        <h1 tabIndex={-1}>{title}</h1>
        {children !== undefined && <p>{children}</p>}
      </div>
      {actions}
    </div>
  );
}
