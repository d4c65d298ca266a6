import { createMemaClient, type MemaClient } from "@mema/api/client";
import { QueryCache, QueryClient, QueryClientProvider, useQuery } from "@tanstack/react-query";
import { createContext, type ReactNode, useCallback, useContext, useEffect, useMemo, useState } from "react";
import { errorCode } from "../../app/problems.ts";
import { browserZone } from "../../app/time.ts";
import { forgetKey, keepKey, type KeySlot, readKey, takeKeyFromAddress } from "./credentials.ts";

const clientFor = (apiKey: string): MemaClient => createMemaClient({ url: location.origin, apiKey, batch: true });

/** Asks the server whether a key is good, and for what. Throws when it is not. */
async function kindOfKey(key: string): Promise<KeySlot> {
  try {
    await clientFor(key).users.me.query();
    return "user";
  } catch (error) {
    if (errorCode(error) === "FORBIDDEN" && key.startsWith("mema_admin_")) return "admin";
    throw error;
  }
}

interface Session {
  /** Calls as the user; null while only the admin key is there. */
  client: MemaClient | null;
  admin: MemaClient | null;
  /** Set when the server refused the key that was kept. */
  ended: boolean;
  /** Takes a key after trying it. Throws what the server answered when it is not good. */
  signIn: (key: string, onThisDevice: boolean) => Promise<KeySlot>;
  signOut: (slot?: KeySlot) => void;
}

const SessionContext = createContext<Session | null>(null);

export function useSession(): Session {
  const session = useContext(SessionContext);
  if (session === null) throw new Error("useSession outside of SessionProvider");
  return session;
}

/** The client of the signed-in user. For what is shown only to one. */
export function useMema(): MemaClient {
  const { client } = useSession();
  if (client === null) throw new Error("no user is signed in");
  return client;
}

/** The signed-in user, and the zone in which times are shown: the user's own, or the browser's until one is set. */
export function useMe() {
  const client = useMema();
  const me = useQuery({
    queryKey: ["users", "me"],
    queryFn: ({ signal }) => client.users.me.query(undefined, { signal }),
    staleTime: 300_000,
  });
  return { me: me.data, zone: me.data?.timezone ?? browserZone() };
}

export function SessionProvider({ children }: { children: ReactNode }) {
  const [keys, setKeys] = useState(() => ({ user: readKey("user"), admin: readKey("admin") }));
  const [ended, setEnded] = useState(false);

  const queryClient = useMemo(() => {
    void keys;
    const created: QueryClient = new QueryClient({
      defaultOptions: {
        queries: {
          staleTime: 10_000,
          retry: (count, error) => count < 3 && errorCode(error) === null,
          retryDelay: (count) => Math.min(500 * 2 ** count, 4_000),
        },
      },
      queryCache: new QueryCache({
        onError: (error) => {
          if (errorCode(error) !== "UNAUTHORIZED") return;
          forgetKey("user");
          setEnded(true);
          setKeys((now) => ({ ...now, user: null }));
        },
      }),
    });
    return created;
  }, [keys]);

  const signIn = useCallback(async (key: string, onThisDevice: boolean) => {
    const slot = await kindOfKey(key);
    keepKey(slot, key, onThisDevice);
    setEnded(false);
    setKeys((now) => ({ ...now, [slot]: key }));
    return slot;
  }, []);

  const signOut = useCallback((slot?: KeySlot) => {
    for (const each of slot === undefined ? (["user", "admin"] as const) : [slot]) forgetKey(each);
    setKeys((now) => (slot === undefined ? { user: null, admin: null } : { ...now, [slot]: null }));
  }, []);

  useEffect(() => {
    // The link pasted into a tab in which the page is open already.
    const onHashChange = () => {
      const key = takeKeyFromAddress();
      if (key !== null) void signIn(key, false).catch(() => setEnded(true));
    };
    addEventListener("hashchange", onHashChange);
    return () => removeEventListener("hashchange", onHashChange);
  }, [signIn]);

  const session = useMemo<Session>(
    () => ({
      client: keys.user === null ? null : clientFor(keys.user),
      admin: keys.admin === null ? null : clientFor(keys.admin),
      ended,
      signIn,
      signOut,
    }),
    [keys, ended, signIn, signOut],
  );

  return (
    <SessionContext value={session}>
      <QueryClientProvider client={queryClient}>{children}</QueryClientProvider>
    </SessionContext>
  );
}
