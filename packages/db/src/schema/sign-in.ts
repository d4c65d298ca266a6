import { authProviders, keyScopes, type KeyScope } from "@mema/shared";
import { sql } from "drizzle-orm";
import { check, index, text, unique } from "drizzle-orm/pg-core";
import { columnTypes, signInPolicy } from "./base.ts";
import { tenantTable } from "./tenant-table.ts";

/** How a user signs in; one user may have several. (provider, external_id) is unique over all users: one identity, one account. */
export const userAuths = tenantTable(
  "user_auths",
  {
    provider: columnTypes.enumeration("provider", authProviders).notNull(),
    externalId: text("external_id").notNull(),
    languageCode: text("language_code"),
  },
  (table) => [unique("user_auths_provider_external_id_unique").on(table.provider, table.externalId), signInPolicy()],
);

const credential = {
  prefix: text("prefix").notNull(),
  expiresAt: columnTypes.instant("expires_at"),
  lastUsedAt: columnTypes.instant("last_used_at"),
  revokedAt: columnTypes.instant("revoked_at"),
};

/** A sign-in of a user in a browser; only the SHA-256 of its token is stored. */
export const sessions = tenantTable("sessions", { tokenHash: text("token_hash").notNull(), ...credential }, (table) => [
  index("sessions_token_hash_index").on(table.tokenHash),
  signInPolicy(),
]);

/** A key of exactly one user, for programs; only its SHA-256 is stored. */
export const apiKeys = tenantTable(
  "api_keys",
  {
    name: text("name").notNull(),
    keyHash: text("key_hash").notNull(),
    scopes: text("scopes").array().$type<KeyScope[]>().notNull(),
    ...credential,
  },
  (table) => [
    index("api_keys_key_hash_index").on(table.keyHash),
    check("api_keys_scopes_check", sql.raw(`"scopes" <@ array[${keyScopes.map((scope) => `'${scope}'`).join(", ")}]`)),
    signInPolicy(),
  ],
);

/** An invitation that a user sent; accepted once. */
export const invites = tenantTable("invites", {
  tokenHash: text("token_hash").notNull(),
  email: text("email"),
  acceptedAt: columnTypes.instant("accepted_at"),
  ...credential,
});
