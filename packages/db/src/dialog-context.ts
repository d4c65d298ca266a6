import { z } from "zod";

const id = z.uuid();

/**
 * What an open question is about. Ids only: the text stands in the message, fact or candidate, and goes when that goes.
 * The first four belong to the state `confirm`, the others to `await`.
 */
export const dialogContextSchema = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("conflict"), factId: id, messageId: id }),
  z.strictObject({
    kind: z.literal("delete"),
    target: z.enum(["message", "conversation", "fact", "entity", "reminder"]),
    targetIds: z.array(id).min(1),
  }),
  z.strictObject({ kind: z.literal("account_delete") }),
  z.strictObject({ kind: z.literal("interest"), candidateId: id }),
  z.strictObject({ kind: z.literal("missing_data"), messageId: id, field: z.string().min(1).max(100) }),
  z.strictObject({ kind: z.literal("entity_disambiguation"), messageId: id, entityIds: z.array(id).min(2) }),
]);

export type DialogContext = z.infer<typeof dialogContextSchema>;

/** What the assistant is waiting for now. */
export interface DialogStatus {
  state: "idle" | "confirm" | "await";
  context: DialogContext | null;
  expiresAt: Date | null;
  /** To be named by the next change; 0 when there never was one. */
  version: number;
  /** A question ran out within the last five minutes: an answer that comes now was probably meant for it. */
  recentlyReset: boolean;
}
