import { createChannelRepository } from "@mema/db";
import { channelTypes, emailInput, idInput, pageInput, plainText, textLimits, versionInput } from "@mema/shared";
import { z } from "zod";
import { pageOutput } from "../outputs.ts";
import { channelOutput } from "../reminder-outputs.ts";
import { channelView } from "../services/channel-view.ts";
import { createChannel, deleteChannel, quietModes, testChannel, updateChannel, verifyChannel } from "../services/channels.ts";
import { memberProcedure, router, userProcedure } from "../trpc.ts";

const one = z.strictObject({ id: idInput });
const name = plainText(textLimits.name).optional();
const verification = z.object({ verified: z.boolean(), reason: z.string().optional(), triesLeft: z.number().optional() });

export const channelsRouter = router({
  /**
   * Makes a way to be reached. A webhook's `secret` is in this answer and never again; its address is asked at once to accept a signed
   * `channel.verify`. An e-mail address is sent a code, which goes to `channels.verify`. `verification` says how that went.
   */
  create: memberProcedure
    .meta({ answersWithSecret: true })
    .input(
      z.discriminatedUnion("type", [
        z.strictObject({ type: z.literal("webhook"), url: z.string().min(1).max(2_048, "must have at most 2048 characters"), name }),
        z.strictObject({ type: z.literal("email"), address: emailInput, name }),
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

  /** `disabled` switches it off and on; `quiet` says what happens in quiet hours; a new `url` or `address` has to be verified again. */
  update: userProcedure
    .input(
      z.strictObject({
        id: idInput,
        version: versionInput,
        name,
        url: z.string().min(1).max(2_048).optional(),
        address: emailInput.optional(),
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

  /**
   * Verifies a channel: a webhook is sent a signed `channel.verify`, which any 2xx accepts; for an e-mail address give the code that it got
   * (it holds for 30 minutes and five tries), or none to be sent a new one. `reason` says why it is not verified: code_sent, wrong_code,
   * code_expired, http_404, smtp_550, connection_failed and the like.
   */
  verify: memberProcedure
    .input(one.extend({ code: z.string().min(1).max(20).optional() }))
    .output(verification)
    .mutation(({ ctx, input }) => verifyChannel(ctx.asUser, input, ctx.services, ctx.request.signal)),

  /** Queues a test message; its delivery and attempts are in `reminders.deliveries` and `reminders.attempts`. */
  test: userProcedure
    .input(one)
    .output(z.object({ deliveryId: idInput }))
    .mutation(async ({ ctx, input }) => {
      const test = await testChannel(ctx.tx, input.id);
      ctx.record("channel.tested", { channelId: input.id, ...test });
      return test;
    }),

  /** Removes the channel with the deliveries that went to it. What waits for it alone goes to the inbox. */
  delete: userProcedure
    .input(one)
    .output(one)
    .mutation(async ({ ctx, input }) => {
      await deleteChannel(ctx.tx, input.id);
      ctx.record("channel.deleted", { channelId: input.id });
      return input;
    }),
});
