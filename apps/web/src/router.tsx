import { createRootRoute, createRoute, createRouter, lazyRouteComponent, Link, redirect } from "@tanstack/react-router";
import { PageHead, Shell } from "./app/shell.tsx";
import { Empty, ProblemNote, Skeletons } from "./design/states.tsx";
import { readKey } from "./features/session/credentials.ts";

const root = createRootRoute({ component: Shell });
const text = (value: unknown) => (typeof value === "string" && value !== "" ? value : undefined);
const day = (value: unknown) =>
  typeof value === "string" && /^\d{4}-\d{2}-\d{2}$/.test(value) && !Number.isNaN(Date.parse(value)) ? value : undefined;

/** The operator's key opens no memory, only the state of the system. */
function needsUser(): void {
  if (readKey("user") === null) throw redirect({ to: "/system" });
}

const talk = createRoute({
  getParentRoute: () => root,
  path: "/",
  beforeLoad: needsUser,
  component: lazyRouteComponent(() => import("./features/messages/talk-page.tsx"), "TalkPage"),
});

export interface MemorySearch {
  q?: string | undefined;
  /** A day in the user's zone, as YYYY-MM-DD. */
  asOf?: string | undefined;
  kind?: "message" | undefined;
  fact?: string | undefined;
  message?: string | undefined;
  focus?: true | undefined;
}

const memory = createRoute({
  getParentRoute: () => root,
  path: "/memory",
  beforeLoad: needsUser,
  validateSearch: (search: Record<string, unknown>): MemorySearch => ({
    q: text(search["q"]),
    asOf: day(search["asOf"]),
    kind: search["kind"] === "message" ? "message" : undefined,
    fact: text(search["fact"]),
    message: text(search["message"]),
    focus: search["focus"] === true ? true : undefined,
  }),
  component: lazyRouteComponent(() => import("./features/facts/memory-page.tsx"), "MemoryPage"),
});

const people = createRoute({
  getParentRoute: () => root,
  path: "/people",
  beforeLoad: needsUser,
  component: lazyRouteComponent(() => import("./features/entities/entities-page.tsx"), "EntitiesPage"),
});

const person = createRoute({
  getParentRoute: () => root,
  path: "/people/$entityId",
  beforeLoad: needsUser,
  component: lazyRouteComponent(() => import("./features/entities/entity-page.tsx"), "EntityPage"),
});

const keys = createRoute({
  getParentRoute: () => root,
  path: "/keys",
  beforeLoad: needsUser,
  component: lazyRouteComponent(() => import("./features/api-keys/keys-page.tsx"), "KeysPage"),
});

const reminderViews = ["upcoming", "missed", "paused", "ended"] as const;

export interface RemindersSearch {
  view?: (typeof reminderViews)[number] | undefined;
  open?: string | undefined;
}

const reminders = createRoute({
  getParentRoute: () => root,
  path: "/reminders",
  beforeLoad: needsUser,
  validateSearch: (search: Record<string, unknown>): RemindersSearch => ({
    view: reminderViews.find((view) => view === search["view"]),
    open: text(search["open"]),
  }),
  component: lazyRouteComponent(() => import("./features/reminders/reminders-page.tsx"), "RemindersPage"),
});

const system = createRoute({
  getParentRoute: () => root,
  path: "/system",
  component: lazyRouteComponent(() => import("./features/worker/system-page.tsx"), "SystemPage"),
});

const routeTree = root.addChildren([talk, memory, people, person, reminders, keys, system]);

/** A router for one person at the page: who may see which address is looked at anew for the next one. */
export const createPageRouter = () =>
  createRouter({
    routeTree,
    defaultPreload: "intent",
    scrollRestoration: true,
    defaultPendingComponent: () => <Skeletons label="the page" />,
    defaultErrorComponent: ({ error, reset }) => <ProblemNote error={error} retry={reset} />,
    defaultNotFoundComponent: () => (
      <>
        <PageHead title="Not here" />
        <Empty title="There is no such page" action={<Link to="/">Go to Talk</Link>}>
          The address may be old or mistyped.
        </Empty>
      </>
    ),
  });

declare module "@tanstack/react-router" {
  interface Register {
    router: ReturnType<typeof createPageRouter>;
  }
}
