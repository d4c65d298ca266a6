import type { WorkerLog } from "../log.ts";
import type { Job } from "../worker-api.ts";
import type { Channel, SendContext, SendResult } from "./channel.ts";
import { emailChannel } from "./email.ts";
import { inAppChannel } from "./in-app.ts";
import { logChannel } from "./log.ts";
import { webhookChannel } from "./webhook.ts";

/** Every channel type there is. A new one is a file beside these and a line here. */
export type Channels = { [Type in Job["type"]]: Channel<Type> };

export const createChannels = (log: WorkerLog): Channels => ({
  in_app: inAppChannel,
  log: logChannel(log),
  webhook: webhookChannel,
  email: emailChannel(),
});

/** Sends a job through its channel. A channel that throws has a defect: the delivery is tried again, and others are not touched. */
export async function sendThrough(channels: Channels, job: Job, context: SendContext): Promise<SendResult> {
  try {
    switch (job.type) {
      case "in_app":
        return await channels.in_app.send(job, context);
      case "log":
        return await channels.log.send(job, context);
      case "webhook":
        return await channels.webhook.send(job, context);
      case "email":
        return await channels.email.send(job, context);
      default:
        return job satisfies never;
    }
  } catch {
    return { outcome: "transient", error: "channel_defect" };
  }
}
