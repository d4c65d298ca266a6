import type { Channel } from "./channel.ts";

/** The inbox: the delivery itself is the message, and its settlement is announced to live readers. */
export const inAppChannel: Channel<"in_app"> = { send: async () => ({ outcome: "delivered" }) };
