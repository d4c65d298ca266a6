import type { Channel } from "../../app/api-types.ts";

export const channelTypeNames: Record<Channel["type"], string> = {
  in_app: "This page",
  webhook: "Webhook",
  email: "E-mail",
  web_push: "Browser push",
  telegram: "Telegram",
  log: "Server log",
};
