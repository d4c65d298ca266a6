import { entityTypes } from "@mema/shared";
import { sql } from "drizzle-orm";
import { index, text, uuid } from "drizzle-orm/pg-core";
import { columnTypes, updatedAt } from "./base.ts";
import { facts } from "./facts.ts";
import { keyedTenantTable, tenantReference, tenantTable } from "./tenant-table.ts";

/** A person, place or thing that facts are about. Many facts, many entities. */
export const entities = tenantTable(
  "entities",
  {
    updatedAt: updatedAt(),
    canonicalName: text("canonical_name").notNull(),
    aliases: text("aliases")
      .array()
      .notNull()
      .default(sql`'{}'::text[]`),
    type: columnTypes.enumeration("type", entityTypes).notNull().default("other"),
    description: text("description"),
    version: columnTypes.version(),
  },
  (table) => [index("entities_name_index").on(table.userId, sql`lower(${table.canonicalName})`)],
);

/** Which entities a fact is about. */
export const factEntities = keyedTenantTable(
  "fact_entities",
  { factId: uuid("fact_id").notNull(), entityId: uuid("entity_id").notNull() },
  ["factId", "entityId"],
  (table) => [
    tenantReference("fact_entities_fact_fk", table.userId, table.factId, () => facts, "cascade"),
    tenantReference("fact_entities_entity_fk", table.userId, table.entityId, () => entities, "cascade"),
    index("fact_entities_entity_index").on(table.userId, table.entityId),
  ],
);
