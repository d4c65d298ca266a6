import {
  createWorkerLeaseRepository,
  createWorkerNodeRepository,
  createWorkerStatsRepository,
  databaseClock,
  deadStatuses,
  longestLeaseSeconds,
  type TransactionOptions,
  type WorkerTransaction,
  withWorker,
} from "@mema/db";
import { channelTypes, deliveryStatuses, idInput, isoInstant, pageInput, reminderPriorities } from "@mema/shared";
import { z } from "zod";
import type { Services } from "../context.ts";
import { pageOutput } from "../outputs.ts";
import { replayForOperator } from "../services/dead-letters.ts";
import { expandDue } from "../services/expansion.ts";
import { beginDeliveries } from "../services/sending.ts";
import { type AttemptEnd, attemptOutcome, settleDeliveries, type SettleResult } from "../services/settlement.ts";
import { maxWaitMs, waitForDue } from "../services/waiting.ts";
import { adminProcedure, operatorProcedure, router, serviceProcedure } from "../trpc.ts";

const maxBatch = 100;
const limit = z.int().min(1).max(maxBatch, "must be at most 100").default(maxBatch);
const leaseSeconds = z.int().min(5).max(longestLeaseSeconds, `must be at most ${longestLeaseSeconds} s`).default(30);
const leaseFields = { userId: idInput, deliveryId: idInput, leaseToken: idInput };
const lease = z.strictObject(leaseFields);
const leases = z.array(lease).min(1).max(maxBatch, "must be at most 100");
const attemptFields = { ...leaseFields, channelType: z.enum(channelTypes).optional(), httpStatus: z.int().min(100).max(999).optional() };
/** Codes, never text of the receiver: nothing foreign gets into the database or a log. */
const code = z.string().regex(/^[a-z0-9_]{1,60}$/, "must be a code such as connection_failed");

const job = z.discriminatedUnion("type", [
  z.object({ type: z.literal("in_app") }),
  z.object({ type: z.literal("log") }),
  z.object({
    type: z.literal("webhook"),
    url: z.string(),
    body: z.string(),
    headers: z.record(z.string(), z.string()),
    allowPrivate: z.boolean(),
  }),
  z.object({
    type: z.literal("email"),
    server: z.object({
      host: z.string(),
      port: z.number(),
      secure: z.boolean(),
      login: z.object({ user: z.string(), password: z.string() }).nullable(),
    }),
    mail: z.object({
      from: z.object({ name: z.string(), address: z.string() }),
      to: z.string(),
      id: z.string(),
      date: z.string(),
      subject: z.string(),
      text: z.string(),
      html: z.string(),
    }),
  }),
]);

const deliveryCounts = {
  due: z.number(),
  inFlight: z.number(),
  lapsed: z.number(),
  failed: z.number(),
  dead: z.number(),
  unknown: z.number(),
};

const settled = z.object({ results: z.array(z.object({ deliveryId: idInput, status: z.enum([...deliveryStatuses, "lost"]) })) });

/**
 * What the worker consumes, with a service key. Batches of at most 100. A delivery becomes a user's only through its live lease: every
 * call that reads or changes one names (userId, deliveryId, leaseToken), and what does not match is lost and unchanged.
 */
export const workerRouter = router({
  /** Looks at rules that fall due and queues their deliveries. Call again while `reminders` is the limit. */
  expand: serviceProcedure
    .input(z.strictObject({ limit }).prefault({}))
    .output(z.object({ reminders: z.number(), deliveries: z.number() }))
    .mutation(({ ctx, input }) => expandDue(ctx.services.db, input.limit, databaseClock)),

  /** Takes due deliveries: urgent first, then rotating over users after `after`, at most `perUser` of each. */
  claim: serviceProcedure
    .input(
      z.strictObject({
        workerId: idInput,
        limit,
        perUser: z.int().min(1).max(maxBatch).default(25),
        leaseSeconds,
        after: idInput.nullable().default(null),
      }),
    )
    .output(
      z.object({
        deliveries: z.array(z.object({ ...leaseFields, priority: z.enum(reminderPriorities), dueAt: isoInstant, leaseUntil: isoInstant })),
        /** The user to go on after. */
        cursor: idInput.nullable(),
      }),
    )
    .mutation(async ({ ctx, input }) => {
      const deliveries = await asWorker(ctx, (tx) => createWorkerLeaseRepository(tx).claim(input, databaseClock), leaseState);
      return { deliveries, cursor: deliveries.at(-1)?.userId ?? null };
    }),

  /** Immediately before the send: go (with everything needed to send), drop, defer or lost. */
  begin: serviceProcedure
    .input(z.strictObject({ leases }))
    .output(
      z.object({
        decisions: z.array(
          z.discriminatedUnion("decision", [
            z.object({ deliveryId: idInput, decision: z.literal("go"), attempt: z.number(), job }),
            z.object({ deliveryId: idInput, decision: z.enum(["drop", "defer", "lost"]), reason: z.string() }),
          ]),
        ),
      }),
    )
    .mutation(async ({ ctx: { services }, input }) => {
      const decisions = await beginDeliveries(services, input.leases, databaseClock);
      for (const decision of decisions) {
        if (decision.decision === "go") services.meter.begun(decision.job.type, decision.startDelaySeconds);
        else if (decision.decision === "lost") services.meter.lost(1);
      }
      return { decisions };
    }),

  /** Prolongs leases and says which are lost: their sends must be ended. */
  heartbeat: serviceProcedure
    .input(z.strictObject({ leases, leaseSeconds }))
    .output(z.object({ lost: z.array(idInput) }))
    .mutation(async ({ ctx, input }) => {
      const held = await asWorker(
        ctx,
        (tx) => createWorkerLeaseRepository(tx).heartbeat(input.leases, input.leaseSeconds, databaseClock),
        leaseState,
      );
      const kept = new Set(held.map(({ deliveryId }) => deliveryId));
      ctx.services.meter.lost(input.leases.length - kept.size);
      return { lost: input.leases.flatMap(({ deliveryId }) => (kept.has(deliveryId) ? [] : deliveryId)) };
    }),

  /** These were sent (`sent`), or even seen to arrive (`delivered`). */
  complete: serviceProcedure
    .input(
      z.strictObject({
        deliveries: z
          .array(z.strictObject({ ...attemptFields, outcome: z.enum(["sent", "delivered"]) }))
          .min(1)
          .max(maxBatch),
      }),
    )
    .output(settled)
    .mutation(async ({ ctx, input }) => ({ results: await settle(ctx.services, input.deliveries) })),

  /** These were not, or nobody knows. transient and unknown are tried again until they expire; permanent is a dead letter. */
  fail: serviceProcedure
    .input(
      z.strictObject({
        deliveries: z
          .array(
            z.strictObject({
              ...attemptFields,
              outcome: z.enum(["transient", "permanent", "unknown"]),
              error: code,
              retryAfterSeconds: z.int().min(0).max(86_400).optional(),
              disableChannel: z.boolean().optional(),
            }),
          )
          .min(1)
          .max(maxBatch),
      }),
    )
    .output(settled)
    .mutation(async ({ ctx, input }) => ({ results: await settle(ctx.services, input.deliveries) })),

  /** Gives deliveries back unsent; their attempts do not count. */
  release: serviceProcedure
    .input(z.strictObject({ leases }))
    .output(z.object({ released: z.number() }))
    .mutation(async ({ ctx, input }) => ({
      released: await asWorker(ctx, (tx) => createWorkerLeaseRepository(tx).release(input.leases, databaseClock), leaseState),
    })),

  /** A long poll: returns when something is due, may be due, or the time is up. Do not batch it. Also says that the worker is alive. */
  wait: serviceProcedure
    .input(
      z.strictObject({
        workerId: idInput,
        name: z.string().max(200).default("worker"),
        timeoutMs: z.int().min(0).max(maxWaitMs).default(maxWaitMs),
      }),
    )
    .output(z.object({ due: z.boolean(), /** Whether rules are due to be expanded. */ expand: z.boolean() }))
    .mutation(async ({ ctx, input: { workerId, name, timeoutMs } }) => {
      const signal = AbortSignal.any([ctx.request.signal, ctx.services.closing]);
      const [due] = await Promise.all([
        waitForDue(ctx.services.db, { timeoutMs, signal }, databaseClock),
        asWorker(ctx, (tx) => createWorkerNodeRepository(tx).seen({ id: workerId, name, draining: false }, databaseClock), {
          durable: false,
        }),
      ]);
      return due;
    }),

  /** A worker that shuts down: it takes nothing new (`draining`), then it is gone. */
  leave: serviceProcedure
    .input(z.strictObject({ workerId: idInput, name: z.string().max(200).default("worker"), draining: z.boolean() }))
    .output(z.object({ ok: z.literal(true) }))
    .mutation(async ({ ctx, input: { workerId, name, draining } }) => {
      await asWorker(ctx, async (tx) => {
        const nodes = createWorkerNodeRepository(tx);
        await (draining ? nodes.seen({ id: workerId, name, draining }, databaseClock) : nodes.remove(workerId));
      });
      return { ok: true as const };
    }),

  /** Makes deliveries of workers that died claimable again. */
  reap: serviceProcedure
    .input(z.strictObject({ limit: z.int().min(1).max(1_000).default(1_000) }).prefault({}))
    .output(z.object({ reaped: z.number() }))
    .mutation(async ({ ctx, input }) => {
      const reaped = await asWorker(ctx, (tx) => createWorkerLeaseRepository(tx).reap(input.limit, databaseClock), leaseState);
      ctx.services.meter.reaped(reaped);
      return { reaped };
    }),

  /**
   * Counts and ages over all users; no ids of theirs. For the operator too. `channels`: by type, how many there are, can be used, are off,
   * failed last, and wait behind an open circuit.
   */
  stats: operatorProcedure
    .output(
      z.object({
        ...deliveryCounts,
        waiting: z.number(),
        lagSeconds: z.number(),
        dueReminders: z.number(),
        channels: z.array(
          z.object({
            type: z.enum(channelTypes),
            channels: z.number(),
            usable: z.number(),
            disabled: z.number(),
            failing: z.number(),
            paused: z.number(),
            ...deliveryCounts,
          }),
        ),
        workers: z.array(
          z.object({ id: idInput, name: z.string(), lastSeenAt: isoInstant, drainingAt: isoInstant.nullable(), alive: z.boolean() }),
        ),
      }),
    )
    .query(({ ctx }) =>
      asWorker(ctx, async (tx) => {
        const stats = createWorkerStatsRepository(tx);
        return {
          ...(await stats.counts(databaseClock)),
          waiting: await stats.waiting(databaseClock),
          workers: await createWorkerNodeRepository(tx).list(databaseClock),
        };
      }),
    ),

  /** Deliveries that were given up, newest first: ids and counts, never what they say or where they go. For the operator. */
  deadLetters: adminProcedure
    .input(z.strictObject({ ...pageInput, status: z.enum(deadStatuses).optional() }).prefault({}))
    .output(
      pageOutput(
        z.object({
          userId: idInput,
          deliveryId: idInput,
          channelId: idInput,
          channelType: z.enum(channelTypes),
          status: z.enum(deadStatuses),
          attempts: z.number(),
          dueAt: isoInstant,
          settledAt: isoInstant,
        }),
      ),
    )
    .query(({ ctx, input }) => asWorker(ctx, (tx) => createWorkerStatsRepository(tx).deadLetters(input))),

  /** Sends dead letters again, for another day each. For the operator; a user's own is `reminders.replay`, which says why one is refused. */
  replay: adminProcedure
    .input(
      z.strictObject({
        deliveries: z
          .array(z.strictObject({ userId: idInput, deliveryId: idInput }))
          .min(1)
          .max(maxBatch, "must be at most 100"),
      }),
    )
    .output(z.object({ replayed: z.number(), refused: z.number() }))
    .mutation(({ ctx, input }) => replayForOperator(ctx.services.db, input.deliveries)),
});

async function settle(services: Services, ends: readonly AttemptEnd[]): Promise<SettleResult[]> {
  const { meter } = services;
  const results = await settleDeliveries(services, ends, databaseClock);
  const lost = new Set(results.flatMap(({ deliveryId, status }) => (status === "lost" ? deliveryId : [])));
  meter.lost(lost.size);
  for (const end of ends) if (!lost.has(end.deliveryId)) meter.ended(end.channelType ?? "other", attemptOutcome(end));
  return results;
}

const asWorker = <T>(
  ctx: { services: { db: Parameters<typeof withWorker>[0] } },
  body: (tx: WorkerTransaction) => Promise<T>,
  options: TransactionOptions = {},
): Promise<T> => withWorker(ctx.services.db, body, options);

/** A lease is lost with a crash of the database, which is why one may be: nobody waits for the disk before a send begins. */
const leaseState = { oneStatement: true, durable: false } as const;
