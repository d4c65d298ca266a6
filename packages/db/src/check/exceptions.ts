/** What would be a finding and is meant to be so. */
export const exceptions: readonly { rule: string; object: string; reason: string }[] = [
  {
    rule: "unique_tenant",
    object: "public.user_auths.user_auths_provider_external_id_unique",
    reason: "One identity of a provider belongs to one account, over all users.",
  },
  {
    rule: "secret_readable",
    object: "public.reminder_deliveries.lease_token",
    reason: "A fencing token: it settles one delivery, together with its user and its id, while its lease lasts.",
  },
  { rule: "secret_readable", object: "drizzle.__drizzle_migrations.hash", reason: "The migrator's hash of a migration's text, no secret." },
];
