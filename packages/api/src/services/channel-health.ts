import {
  type Channel,
  type ChannelEnds,
  circuitOpen,
  type CircuitRule,
  createChannelRepository,
  createDeliveryRepository,
  createEventRepository,
  type SettledDelivery,
  type UserTransaction,
} from "@mema/db";
import type { AttemptEnd } from "./settlement.ts";

/**
 * The circuit breaker, kept in the database so that all workers share it: five failures in a row open it, then the channel is left alone for
 * half as long as it has failed for, 30 s to 5 min. After that one send tries it; its success closes the circuit and lets the others go.
 */
const rule: CircuitRule = { failuresToOpen: 5, shortestSeconds: 30, longestSeconds: 300 };
/** Longer than any send takes: meanwhile nobody else tries. */
const probeSeconds = 90;

interface Pair {
  delivery: Pick<SettledDelivery, "channelId" | "settledAt">;
  end: AttemptEnd;
}

/** Keeps the health of the channels that attempts went to, and switches off those whose receiver asked for it. */
export async function recordChannelEnds(tx: UserTransaction, pairs: readonly Pair[]): Promise<void> {
  const now = pairs[0]?.delivery.settledAt;
  if (now === undefined) return;
  const telling = pairs.filter(
    ({ end }) => end.channelType !== "in_app" && end.channelType !== "log" && !("error" in end && end.error === "aborted"),
  );
  const ends = [...Map.groupBy(telling, ({ delivery }) => delivery.channelId)].map(([channelId, own]): ChannelEnds => {
    const failures = own.flatMap(({ end }) => ("error" in end ? end : []));
    return {
      channelId,
      succeeded: failures.length < own.length,
      failures: failures.length,
      lastFailure: failures.at(-1)?.error ?? null,
      answered: failures.every(({ outcome }) => outcome === "permanent"),
      disabledReason: failures.find(({ disableChannel }) => disableChannel === true)?.error ?? null,
    };
  });
  const closed = await createChannelRepository(tx).recordEnds(ends, rule, now);
  await createDeliveryRepository(tx).releasePaused(closed, now);
  const disabled = ends.filter(({ disabledReason }) => disabledReason !== null);
  if (disabled.length === 0) return;
  await createEventRepository(tx).append(
    disabled.map(({ channelId, disabledReason }) => ({
      type: "channel.disabled",
      payload: { channelId, reason: disabledReason },
      actor: "system" as const,
    })),
  );
}

/** Which of the channels that deliveries want to go to now are left alone, and until when. One delivery of each that may be tried goes. */
export async function heldByCircuit(
  tx: UserTransaction,
  wanted: readonly { deliveryId: string; channel: Channel }[],
  now: Date,
): Promise<Map<string, { reason: string; nextAttemptAt: Date }>> {
  const paused = wanted.filter(({ channel }) => channel.pausedUntil !== null);
  const held = new Map<string, { reason: string; nextAttemptAt: Date }>();
  if (paused.length === 0) return held;
  const until = new Date(now.getTime() + probeSeconds * 1000);
  const probes = await createChannelRepository(tx).takeProbes([...new Set(paused.map(({ channel }) => channel.id))], now, until);
  for (const { deliveryId, channel } of paused) {
    if (probes.delete(channel.id)) continue;
    const pausedUntil = channel.pausedUntil ?? now;
    held.set(deliveryId, { reason: circuitOpen, nextAttemptAt: pausedUntil.getTime() > now.getTime() ? pausedUntil : until });
  }
  return held;
}
