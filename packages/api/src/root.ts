import { apiKeysRouter } from "./routers/api-keys.ts";
import { channelsRouter } from "./routers/channels.ts";
import { conversationsRouter } from "./routers/conversations.ts";
import { entitiesRouter } from "./routers/entities.ts";
import { eventsRouter } from "./routers/events.ts";
import { factsRouter } from "./routers/facts.ts";
import { healthRouter } from "./routers/health.ts";
import { messagesRouter } from "./routers/messages.ts";
import { remindersRouter } from "./routers/reminders.ts";
import { recallRouter } from "./routers/recall.ts";
import { systemRouter } from "./routers/system.ts";
import { usersRouter } from "./routers/users.ts";
import { workerRouter } from "./routers/worker.ts";
import { router } from "./trpc.ts";

export const appRouter = router({
  apiKeys: apiKeysRouter,
  channels: channelsRouter,
  conversations: conversationsRouter,
  entities: entitiesRouter,
  events: eventsRouter,
  facts: factsRouter,
  health: healthRouter,
  messages: messagesRouter,
  reminders: remindersRouter,
  recall: recallRouter,
  system: systemRouter,
  users: usersRouter,
  worker: workerRouter,
});

export type AppRouter = typeof appRouter;
