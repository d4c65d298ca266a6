/** Every closed set of values in the data model. The database's CHECK constraints are generated from these, and a test compares them. */
export const userStatuses = ["waitlist", "active", "paused", "blocked"] as const;
export const authProviders = ["telegram", "email", "google", "github", "oidc", "api"] as const;
export const keyScopes = ["read", "write"] as const;
export const serviceKeyKinds = ["admin", "service"] as const;
export const messageRoles = ["user", "bot", "system", "tool"] as const;
export const processingStatuses = ["received", "processed", "failed"] as const;
export const factTypes = ["location", "workplace", "relationship", "event", "preference", "health", "date", "financial", "other"] as const;
export const temporalSensitivities = ["permanent", "long_term", "short_term"] as const;
export const factStatuses = ["active", "outdated"] as const;
export const outdatedReasons = ["superseded", "contradicted", "expired", "retracted"] as const;
export const entityTypes = ["person", "place", "organization", "other"] as const;
export const dialogStateTypes = ["idle", "confirm", "await"] as const;
export const evalTypes = ["extraction_accuracy", "application_relevance"] as const;
export const evalVerdicts = ["correct", "incorrect", "partial"] as const;
export const interestCandidateStatuses = ["tracking", "promoted", "confirmed", "dismissed"] as const;
export const reminderKinds = ["once", "recurring", "interval", "fact_relative"] as const;
export const reminderStatuses = ["active", "paused", "completed", "cancelled", "expired", "error"] as const;
export const reminderPriorities = ["urgent", "normal", "low"] as const;
export const repeatFroms = ["schedule", "completion"] as const;
export const gapPolicies = ["shift", "skip"] as const;
export const overlapPolicies = ["first", "second", "both"] as const;
export const misfirePolicies = ["latest", "all", "skip"] as const;
export const quietPolicies = ["respect", "bypass"] as const;
export const occurrenceStatuses = [
  "upcoming",
  "due",
  "fired",
  "acknowledged",
  "snoozed",
  "completed",
  "skipped",
  "missed",
  "cancelled",
] as const;
export const reminderActions = [
  "updated",
  "occurrence_updated",
  "snoozed",
  "completed",
  "acknowledged",
  "skipped",
  "cancelled",
  "paused",
  "resumed",
  "reopened",
  "moved_with_fact",
] as const;
export const deliveryStatuses = [
  "pending",
  "sending",
  "sent",
  "delivered",
  "failed",
  "dead",
  "cancelled",
  "suppressed",
  "unknown",
] as const;
export const attemptOutcomes = ["sent", "failed", "unknown", "released", "lost_lease"] as const;
export const channelTypes = ["in_app", "webhook", "email", "web_push", "telegram", "log"] as const;
export const recallKinds = ["message", "fact"] as const;
export const actorTypes = ["user", "api_key", "admin", "service", "system"] as const;

export type UserStatus = (typeof userStatuses)[number];
export type AuthProvider = (typeof authProviders)[number];
export type KeyScope = (typeof keyScopes)[number];
export type ServiceKeyKind = (typeof serviceKeyKinds)[number];
export type MessageRole = (typeof messageRoles)[number];
export type ProcessingStatus = (typeof processingStatuses)[number];
export type FactType = (typeof factTypes)[number];
export type TemporalSensitivity = (typeof temporalSensitivities)[number];
export type FactStatus = (typeof factStatuses)[number];
export type OutdatedReason = (typeof outdatedReasons)[number];
export type EntityType = (typeof entityTypes)[number];
export type DialogStateType = (typeof dialogStateTypes)[number];
export type EvalType = (typeof evalTypes)[number];
export type EvalVerdict = (typeof evalVerdicts)[number];
export type InterestCandidateStatus = (typeof interestCandidateStatuses)[number];
/** The values of `reminders.kind`. */
export type ReminderType = (typeof reminderKinds)[number];
export type ReminderStatus = (typeof reminderStatuses)[number];
export type ReminderPriority = (typeof reminderPriorities)[number];
export type RepeatFrom = (typeof repeatFroms)[number];
export type GapPolicy = (typeof gapPolicies)[number];
export type OverlapPolicy = (typeof overlapPolicies)[number];
export type MisfirePolicy = (typeof misfirePolicies)[number];
export type QuietPolicy = (typeof quietPolicies)[number];
export type OccurrenceStatus = (typeof occurrenceStatuses)[number];
/** What was done with a reminder. */
export type ReminderAction = (typeof reminderActions)[number];
export type DeliveryStatus = (typeof deliveryStatuses)[number];
export type AttemptOutcome = (typeof attemptOutcomes)[number];
export type ChannelType = (typeof channelTypes)[number];
export type ActorType = (typeof actorTypes)[number];
/** What a search finds. */
export type RecallKind = (typeof recallKinds)[number];
