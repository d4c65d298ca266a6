import { apiKeysRouter } from "./routers/api-keys.ts";
import { conversationsRouter } from "./routers/conversations.ts";
import { entitiesRouter } from "./routers/entities.ts";
import { eventsRouter } from "./routers/events.ts";
import { factsRouter } from "./routers/facts.ts";
import { healthRouter } from "./routers/health.ts";
import { messagesRouter } from "./routers/messages.ts";
import { usersRouter } from "./routers/users.ts";
import { router } from "./trpc.ts";

export const appRouter = router({
  apiKeys: apiKeysRouter,
  conversations: conversationsRouter,
  entities: entitiesRouter,
  events: eventsRouter,
  facts: factsRouter,
  health: healthRouter,
  messages: messagesRouter,
  users: usersRouter,
});

export type AppRouter = typeof appRouter;
