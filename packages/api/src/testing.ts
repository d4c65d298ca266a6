import { randomBytes } from "node:crypto";
import { createTestDatabase, type TestDatabase } from "@mema/db/testing";
import { createContext, type RequestFacts, type Services } from "./context.ts";
import { ServerKeys } from "./credentials.ts";
import { createCaller } from "./index.ts";
import { silentMeter } from "./meter.ts";
import { SignInGuard } from "./sign-in-guard.ts";
import { createUser, type NewAccount } from "./services/users.ts";

export { type EmbeddingServer, startEmbeddingServer } from "./testing/embedding-server.ts";

export const adminKey = "mema_admin_for_tests_only";
export const serviceKey = "mema_service_for_tests_only";

export type Caller = ReturnType<typeof createCaller>;

/** The whole API on a database of its own, without HTTP. */
export interface TestApi {
  database: TestDatabase;
  services: Services;
  /** What was logged, as JSON lines. */
  logged: string[];
  /** A caller with any credential, as a request would bring it. */
  callerWith(credential: string | null, request?: Partial<RequestFacts>): Caller;
  createUser(account?: NewAccount): Promise<{ userId: string; apiKey: string; caller: Caller }>;
  admin: Caller;
  service: Caller;
  close(): Promise<void>;
}

export async function createTestApi(overrides: Partial<Services> = {}): Promise<TestApi> {
  const database = await createTestDatabase();
  const closing = new AbortController();
  const logged: string[] = [];
  const log = (fields: Record<string, unknown>, message: string) => {
    logged.push(JSON.stringify({ ...fields, message }));
  };
  const services: Services = {
    db: database.db,
    log: { debug: log, info: log, warn: log, error: log },
    limits: { messagesPerHour: 100_000 },
    serverKeys: new ServerKeys([
      { kind: "admin", key: adminKey },
      { kind: "service", key: serviceKey },
    ]),
    signInGuard: new SignInGuard(),
    secretKey: randomBytes(32),
    allowPrivateWebhooks: true,
    mail: null,
    meter: silentMeter,
    closing: closing.signal,
    ...overrides,
  };
  const callerWith = (credential: string | null, request: Partial<RequestFacts> = {}) =>
    createCaller(createContext(services, { credential, ...request }));
  return {
    database,
    services,
    logged,
    callerWith,
    createUser: async (account = {}) => {
      const created = await createUser(services.db, account);
      return { ...created, caller: callerWith(created.apiKey) };
    },
    admin: callerWith(adminKey),
    service: callerWith(serviceKey),
    close: async () => {
      closing.abort();
      await database.close();
    },
  };
}
