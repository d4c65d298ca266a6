import { userStatuses } from "@mema/shared";
import { sql } from "drizzle-orm";
import { boolean, jsonb, pgTable, text, uuid } from "drizzle-orm/pg-core";
import { columnTypes, enumerationChecks, isolationPolicy, newId, signInPolicy, updatedAt } from "./base.ts";

const columns = {
  id: uuid("id")
    .primaryKey()
    .default(sql`ops.uuid_v7()`)
    .$defaultFn(newId),
  createdAt: columnTypes.instant("created_at").notNull().defaultNow(),
  updatedAt: updatedAt(),
  name: text("name"),
  email: text("email"),
  emailVerified: boolean("email_verified").notNull().default(false),
  lastSeenAt: columnTypes.instant("last_seen_at"),
  status: columnTypes.enumeration("status", userStatuses).notNull().default("active"),
  timezone: text("timezone"),
  locale: text("locale").notNull().default("en"),
  summary: text("summary"),
  summaryUpdatedAt: columnTypes.instant("summary_updated_at"),
  preferences: jsonb("preferences").$type<Record<string, unknown>>().notNull().default({}),
  version: columnTypes.version(),
};

/** A person whose memory this is: the tenant. One user has many of everything else. */
export const users = pgTable("users", columns, () => [isolationPolicy("id"), signInPolicy(), ...enumerationChecks("users", columns)]);
