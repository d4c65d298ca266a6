import { randomUUIDv7 } from "node:crypto";
import { sql } from "drizzle-orm";
import {
  bit,
  check,
  customType,
  halfvec,
  integer,
  type PgColumnBuilderBase,
  type PgTableExtraConfigValue,
  pgPolicy,
  pgRole,
  pgSchema,
  text,
  timestamp,
  uuid,
  vector,
} from "drizzle-orm/pg-core";

/** The server's login for users' data. Created by the migration's bootstrap, not by drizzle-kit. */
export const appRole = pgRole("mema_app").existing();
/** The server's login for lease state across users. */
export const workerRole = pgRole("mema_worker").existing();
/** The server's login for finding out whose credential a request carries. */
export const authRole = pgRole("mema_auth").existing();

/** Tables without a user live here and nowhere else. */
export const opsSchema = pgSchema("ops");

/** A time-ordered id (UUIDv7, RFC 9562): with the key (user_id, id) the key's order is the time order. */
export const newId = (): string => randomUUIDv7();

const tsvectorType = customType<{ data: string; driverData: string }>({ dataType: () => "tsvector" });

/** Wall-clock time without a zone as `YYYY-MM-DDTHH:MM:SS`; such columns end in `_local`. */
const localTimestamp = customType<{ data: string; driverData: string }>({
  dataType: () => "timestamp(0)",
  fromDriver: (value) => value.replace(" ", "T"),
});

/** 1,536 dimensions: shorter embeddings are padded with zeros, which leaves the cosine as it is. */
export const embeddingDimensions = 1536;

export const vectorColumn = (name: string) => vector(name, { dimensions: embeddingDimensions });
export const halfVectorColumn = (name: string) => halfvec(name, { dimensions: embeddingDimensions });

/**
 * A vector with what it was made by. `embedding` stays null when none is configured, and where the model refused the text (then the model
 * is named). The code, a bit for each dimension's sign, finds the rows that are worth comparing exactly.
 */
export const embeddingColumns = <Column extends PgColumnBuilderBase>(embedding: Column) => ({
  embedding,
  embeddingModel: text("embedding_model"),
  /** How many numbers the model gave; the rest is padding. */
  embeddingDimensions: integer("embedding_dimensions"),
  embeddingCode: bit("embedding_code", { dimensions: embeddingDimensions }).generatedAlwaysAs(
    sql.raw(`binary_quantize(embedding)::bit(${embeddingDimensions})`),
  ),
});

/** The column types of this schema; others are not used without a reason. Instants keep milliseconds, as JavaScript's Date does. */
export const columnTypes = {
  id: () =>
    uuid("id")
      .notNull()
      .default(sql`ops.uuid_v7()`)
      .$defaultFn(newId),
  reference: (name: string) => uuid(name),
  instant: (name: string) => timestamp(name, { withTimezone: true, precision: 3, mode: "date" }),
  local: (name: `${string}_local`) => localTimestamp(name),
  enumeration: <const T extends readonly [string, ...string[]]>(name: string, values: T) => text(name, { enum: values }),
  /** Counts a row's changes: an update names the version it read, and the second of two finds none. */
  version: () => integer("version").notNull().default(1),
  searchVector: (name: string) => tsvectorType(name),
};

/** What every tenant table begins with. */
export const createBaseTable = () => ({
  userId: uuid("user_id").notNull(),
  id: columnTypes.id(),
  createdAt: columnTypes.instant("created_at").notNull().defaultNow(),
});

/** `updated_at`, for tables whose rows change. Set by the database's clock. */
export const updatedAt = () =>
  columnTypes
    .instant("updated_at")
    .notNull()
    .defaultNow()
    .$onUpdateFn(() => sql`now()`);

const boundUser = "nullif(current_setting('app.user_id'::text, true), ''::text)::uuid";

/** The one policy of every tenant table. No function and no sub-select in it: the tenant index stays usable. */
export function isolationPolicy(userColumn: "user_id" | "id" = "user_id") {
  const own = sql.raw(`${userColumn} = ${boundUser}`);
  return pgPolicy("own_rows", { as: "permissive", for: "all", to: appRole, using: own, withCheck: own });
}

/** Sign-in looks a credential up before the user is known. Column grants limit what it sees (access.ts). */
export const signInPolicy = () => pgPolicy("sign_in", { as: "permissive", for: "select", to: authRole, using: sql`true` });

/** The claim looks across users. Column grants limit it to ids, times and lease state (access.ts). */
export const claimPolicy = () =>
  pgPolicy("claim", { as: "permissive", for: "all", to: workerRole, using: sql`true`, withCheck: sql`true` });

/** A CHECK equal to the TypeScript union for each enumeration column. */
export function enumerationChecks(table: string, columns: Record<string, unknown>): PgTableExtraConfigValue[] {
  const checks: PgTableExtraConfigValue[] = [];
  for (const builder of Object.values(columns)) {
    // In the callback of pgTable a column's own `enumValues` is undefined: the builder's config has them.
    const { name, enumValues } = (builder as { config: { name: string; enumValues?: readonly string[] } }).config;
    if (enumValues === undefined || enumValues.length === 0) continue;
    checks.push(check(`${table}_${name}_check`, sql.raw(`"${name}" in (${enumValues.map((value) => `'${value}'`).join(", ")})`)));
  }
  return checks;
}
