import { createEventRepository } from "@mema/db";
import { tracked } from "@trpc/server";
import { z } from "zod";
import { authenticate } from "../authenticate.ts";
import { toTRPCError } from "../errors.ts";
import { eventOutput } from "../outputs.ts";
import { followEvents } from "../services/events.ts";
import { memberProcedure, router, userProcedure } from "../trpc.ts";

const seqInput = z.int().min(0);

export const eventsRouter = router({
  /** What happened after `afterSeq`, in order. Ids only; read the things themselves by id. */
  list: userProcedure
    .meta({ oneStatement: true })
    .input(z.strictObject({ afterSeq: seqInput.default(0), limit: z.int().min(1).max(500).default(100) }).prefault({}))
    .output(z.object({ items: z.array(eventOutput), lastSeq: z.number() }))
    .query(async ({ ctx, input }) => {
      const items = await createEventRepository(ctx.tx).listAfter(input.afterSeq, input.limit);
      return { items, lastSeq: items.at(-1)?.seq ?? input.afterSeq };
    }),

  /**
   * The same, live. Each event's id is its number: a client that reconnects goes on after the last one it saw. Without `afterSeq` it
   * starts now, and the first event is `stream.opened`. A key that is revoked ends the stream at its next event, or within 15 seconds.
   */
  live: memberProcedure
    .input(z.strictObject({ afterSeq: seqInput.optional(), lastEventId: z.string().regex(/^\d+$/).nullish() }).prefault({}))
    .subscription(async function* live({ ctx, input, signal }) {
      const after = input.lastEventId == null ? input.afterSeq : Number(input.lastEventId);
      const stop = AbortSignal.any([ctx.request.signal, ...(signal === undefined ? [] : [signal])]);
      const stillAllowed = async () => void (await authenticate(ctx));
      try {
        for await (const event of followEvents(ctx.services.db.signals, ctx.asUser, ctx.userId, after, stop, stillAllowed)) {
          yield tracked(String(event.seq), eventOutput.parse(event));
        }
      } catch (error) {
        throw toTRPCError(error);
      }
      // An orderly end would tell the client that there is nothing more to come; this one lets it reconnect.
      ctx.services.closing.throwIfAborted();
    }),
});
