import { dialogStateTypes } from "@mema/shared";
import { jsonb } from "drizzle-orm/pg-core";
import { columnTypes, updatedAt } from "./base.ts";
import { keyedTenantTable } from "./tenant-table.ts";

/** What the assistant is waiting for, at most one thing a user. Changed by compare-and-set on `version`. */
export const dialogStates = keyedTenantTable(
  "dialog_states",
  {
    updatedAt: updatedAt(),
    state: columnTypes.enumeration("state", dialogStateTypes).notNull().default("idle"),
    context: jsonb("context").$type<Record<string, unknown>>(),
    expiresAt: columnTypes.instant("expires_at"),
    version: columnTypes.version(),
  },
  [],
);
