/**
 * Who may touch what, beside the policies. The migration grants exactly this and the isolation check compares the catalog with it.
 * A tenant table that is not named here gets what every tenant table gets: SELECT, INSERT, UPDATE, DELETE for mema_app, nothing for others.
 */

/** Rows of these are written once. Deleting their user still deletes them: foreign keys act as the table's owner. */
export const appendOnlyTables: readonly string[] = ["events", "audit_log", "reminder_attempts"];

/** Columns that the application writes and never reads. */
export const isHiddenColumn = (column: string): boolean => /(_hash|password|secret)$/.test(column);

interface ColumnGrants {
  select: readonly string[];
  update?: readonly string[];
}

const deliveryLease = ["status", "attempts", "claims", "next_attempt_at", "lease_until", "lease_token", "lease_owner", "begun_at"];

/** What the claim needs: ids, times, states, leases. Never text, never a change of user_id. */
export const workerColumns: Readonly<Record<string, ColumnGrants>> = {
  recall_embedding_queue: {
    select: ["user_id", "due_at", "changes", "attempts", "claim_id", "claimed_until", "model"],
    update: ["due_at", "attempts", "claim_id", "claimed_until", "model"],
  },
  reminders: { select: ["user_id", "id", "status", "priority", "version", "next_occurrence_at", "next_wake_at", "tzdata_version"] },
  // How many channels of a type fail, pause or are off; never an address or a name.
  channels: { select: ["user_id", "id", "type", "verified_at", "disabled_at", "failures_in_row", "paused_until"] },
  reminder_occurrences: { select: ["user_id", "id", "reminder_id", "occurrence_at", "status", "snoozed_until"] },
  reminder_deliveries: {
    select: [
      "user_id",
      "id",
      "reminder_id",
      "occurrence_id",
      "channel_id",
      "priority",
      "due_at",
      "expires_at",
      "reminder_version",
      "settled_at",
      ...deliveryLease,
    ],
    update: [...deliveryLease, "settled_at", "updated_at"],
  },
};

/** What sign-in needs: whose credential is this, and may it be used. */
export const signInColumns: Readonly<Record<string, ColumnGrants>> = {
  users: { select: ["id", "status"] },
  user_auths: { select: ["user_id", "id", "provider", "external_id"] },
  sessions: { select: ["user_id", "id", "token_hash", "expires_at", "revoked_at"] },
  api_keys: { select: ["user_id", "id", "key_hash", "scopes", "expires_at", "revoked_at"] },
};

/** Tables without a user: which role has which rights. */
export const opsGrants: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  service_keys: { mema_auth: ["SELECT"] },
  isolation_proofs: { mema_worker: ["SELECT"] },
  worker_nodes: { mema_worker: ["SELECT", "INSERT", "UPDATE", "DELETE"] },
  rate_limits: { mema_app: ["SELECT", "INSERT", "UPDATE", "DELETE"] },
};

/** Schemas, functions and the migrator's table that a runtime role may use. Nothing else, and PUBLIC none of them. */
export const schemaGrants: Readonly<Record<string, readonly string[]>> = {
  public: ["mema_app", "mema_worker", "mema_auth"],
  ops: ["mema_app", "mema_worker", "mema_auth"],
  drizzle: ["mema_app"],
};
export const functionGrants: Readonly<Record<string, readonly string[]>> = { "ops.uuid_v7()": ["mema_app"] };
export const migratorGrants: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  __drizzle_migrations: { mema_app: ["SELECT"] },
};

export const runtimeRoles = ["mema_app", "mema_worker", "mema_auth"] as const;
export type RuntimeRole = (typeof runtimeRoles)[number];
