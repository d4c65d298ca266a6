import type { InstantDescription, ReminderPriority, ReminderType } from "@mema/shared";

/** What a delivery says, before a channel gives it its form. */
export interface DeliveryMessage {
  type: "reminder.fired" | "channel.test";
  /** The moment of this attempt, ISO 8601. */
  timestamp: string;
  data: {
    deliveryId: string;
    step: string;
    /** 0 unless it is noticeably late. */
    lateBySeconds: number;
    /** Earlier occurrences that this one stands for. */
    missedBefore: number;
    reminder?: { id: string; title: string; notes: string | null; priority: ReminderPriority; kind: ReminderType };
    occurrence?: { id: string; at: string; shiftedBySeconds: number } & InstantDescription;
  };
}
