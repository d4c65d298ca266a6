import { createChannelRepository } from "@mema/db";
import { channelTypes, idInput, pageInput, plainText, textLimits, versionInput } from "@mema/shared";
import { z } from "zod";
import { pageOutput } from "../outputs.ts";
import { channelOutput } from "../reminder-outputs.ts";
import { channelView, createChannel, quietModes, testChannel, updateChannel, verifyChannel } from "../services/channels.ts";
import { memberProcedure, router, userProcedure } from "../trpc.ts";

const one = z.strictObject({ id: idInput });
const name = plainText(textLimits.name).optional();
const verification = z.object({ verified: z.boolean(), reason: z.string().optional() });

export const channelsRouter = router({
  /**
   * A webhook's `secret` is in this answer and never again. Its address is asked at once to accept a signed `channel.verify`; if it did
   * not, `verification` says why and `channels.verify` asks again.
   */
  create: memberProcedure
    .meta({ answersWithSecret: true })
    .input(
      z.discriminatedUnion("type", [
        z.strictObject({ type: z.literal("webhook"), url: z.string().min(1).max(2_048, "must have at most 2048 characters"), name }),
        z.strictObject({ type: z.literal("log"), name }),
        z.strictObject({ type: z.literal("in_app"), name }),
      ]),
    )
    .output(channelOutput.extend({ secret: z.string().optional(), verification: verification.optional() }))
    .mutation(async ({ ctx, input }) => {
      const { channel, ...rest } = await createChannel(ctx.asUser, input, ctx.services, ctx.request.signal);
      return { ...channel, ...rest };
    }),

  byId: userProcedure
    .meta({ oneStatement: true })
    .input(one)
    .output(channelOutput)
    .query(async ({ ctx, input }) => channelView(await createChannelRepository(ctx.tx).getById(input.id))),

  list: userProcedure
    .meta({ oneStatement: true })
    .input(z.strictObject({ ...pageInput, type: z.enum(channelTypes).optional() }).prefault({}))
    .output(pageOutput(channelOutput))
    .query(async ({ ctx, input: { cursor, limit, ...filters } }) => {
      const page = await createChannelRepository(ctx.tx).list({ filters, cursor, limit });
      return { items: page.items.map(channelView), nextCursor: page.nextCursor };
    }),

  /** `disabled` switches it off and on; `quiet` says what happens in quiet hours; a new `url` has to be verified again. */
  update: userProcedure
    .input(
      z.strictObject({
        id: idInput,
        version: versionInput,
        name,
        url: z.string().min(1).max(2_048).optional(),
        quiet: z.enum(quietModes).optional(),
        disabled: z.boolean().optional(),
      }),
    )
    .output(channelOutput)
    .mutation(async ({ ctx, input: { id, version, ...changes } }) => {
      const channel = await updateChannel(ctx.tx, id, version, changes, ctx.services);
      ctx.record("channel.updated", { channelId: id });
      return channel;
    }),

  /** Sends a signed `channel.verify` now; any 2xx verifies the channel. */
  verify: memberProcedure
    .input(one)
    .output(verification)
    .mutation(({ ctx, input }) => verifyChannel(ctx.asUser, input.id, ctx.services, ctx.request.signal)),

  /** Queues a test message; its delivery and attempts are in `reminders.deliveries` and `reminders.attempts`. */
  test: userProcedure
    .input(one)
    .output(z.object({ deliveryId: idInput }))
    .mutation(async ({ ctx, input }) => {
      const test = await testChannel(ctx.tx, input.id);
      ctx.record("channel.tested", { channelId: input.id, ...test });
      return test;
    }),

  /** Removes the channel with the deliveries that went to it. */
  delete: userProcedure
    .input(one)
    .output(one)
    .mutation(async ({ ctx, input }) => {
      await createChannelRepository(ctx.tx).delete(input.id);
      ctx.record("channel.deleted", { channelId: input.id });
      return input;
    }),
});
