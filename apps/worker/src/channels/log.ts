import type { WorkerLog } from "../log.ts";
import type { Channel } from "./channel.ts";

/** One line in the worker's log for each delivery: its id, no text. */
export const logChannel = (log: WorkerLog): Channel<"log"> => ({
  send: async (_job, { deliveryId }) => {
    log.info({ deliveryId }, "reminder");
    return { outcome: "delivered" };
  },
});
