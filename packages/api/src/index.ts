import { appRouter } from "./root.ts";
import { createCallerFactory } from "./trpc.ts";

export { maxBatchSize } from "./client.ts";
export {
  createContext,
  type Actor,
  type Context,
  type Limits,
  type Log,
  type MailSettings,
  type RequestFacts,
  type Services,
} from "./context.ts";
export { placeOf, toErrorReply } from "./errors.ts";
export { newServerKey, ServerKeys } from "./credentials.ts";
export { type Meter, silentMeter } from "./meter.ts";
export { type AppRouter, appRouter } from "./root.ts";
export { embedMemory, requeueOtherModels } from "./services/embeddings/embed-memory.ts";
export { EmbeddingEndpoint } from "./services/embeddings/endpoint.ts";
export { SignInGuard } from "./sign-in-guard.ts";
export { presentTzdata } from "./services/reminder-plan.ts";
export { recomputeZones } from "./services/tzdata.ts";
export { createUser, ensureFirstUser } from "./services/users.ts";
export { withTraceOf } from "./tracing.ts";

/** Calls procedures in the same process: `createCaller(createContext(services, { credential }))`. */
export const createCaller = createCallerFactory(appRouter);
