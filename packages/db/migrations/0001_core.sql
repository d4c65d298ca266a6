CREATE TABLE "channels" (
	"user_id" uuid NOT NULL,
	"id" uuid DEFAULT ops.uuid_v7() NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"type" text NOT NULL,
	"name" text NOT NULL,
	"config" jsonb DEFAULT '{}'::jsonb NOT NULL,
	"sealed" text,
	"verified_at" timestamp (3) with time zone,
	"disabled_at" timestamp (3) with time zone,
	"disabled_reason" text,
	"version" integer DEFAULT 1 NOT NULL,
	CONSTRAINT "channels_pkey" PRIMARY KEY("user_id","id"),
	CONSTRAINT "channels_type_check" CHECK ("type" in ('in_app', 'webhook', 'email', 'web_push', 'telegram', 'log'))
);
--> statement-breakpoint
ALTER TABLE "channels" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "conversations" (
	"user_id" uuid NOT NULL,
	"id" uuid DEFAULT ops.uuid_v7() NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"title" text,
	"metadata" jsonb DEFAULT '{}'::jsonb NOT NULL,
	"last_message_at" timestamp (3) with time zone,
	"version" integer DEFAULT 1 NOT NULL,
	CONSTRAINT "conversations_pkey" PRIMARY KEY("user_id","id")
);
--> statement-breakpoint
ALTER TABLE "conversations" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "dialog_states" (
	"user_id" uuid NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"state" text DEFAULT 'idle' NOT NULL,
	"context" jsonb,
	"expires_at" timestamp (3) with time zone,
	"version" integer DEFAULT 1 NOT NULL,
	CONSTRAINT "dialog_states_pkey" PRIMARY KEY("user_id"),
	CONSTRAINT "dialog_states_state_check" CHECK ("state" in ('idle', 'confirm', 'await'))
);
--> statement-breakpoint
ALTER TABLE "dialog_states" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "entities" (
	"user_id" uuid NOT NULL,
	"id" uuid DEFAULT ops.uuid_v7() NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"canonical_name" text NOT NULL,
	"aliases" text[] DEFAULT '{}'::text[] NOT NULL,
	"type" text DEFAULT 'other' NOT NULL,
	"description" text,
	"version" integer DEFAULT 1 NOT NULL,
	CONSTRAINT "entities_pkey" PRIMARY KEY("user_id","id"),
	CONSTRAINT "entities_type_check" CHECK ("type" in ('person', 'place', 'organization', 'other'))
);
--> statement-breakpoint
ALTER TABLE "entities" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "fact_entities" (
	"user_id" uuid NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"fact_id" uuid NOT NULL,
	"entity_id" uuid NOT NULL,
	CONSTRAINT "fact_entities_pkey" PRIMARY KEY("user_id","fact_id","entity_id")
);
--> statement-breakpoint
ALTER TABLE "fact_entities" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "evaluations" (
	"user_id" uuid NOT NULL,
	"id" uuid DEFAULT ops.uuid_v7() NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"fact_id" uuid,
	"message_id" uuid NOT NULL,
	"eval_type" text NOT NULL,
	"verdict" text NOT NULL,
	"reasoning" text,
	CONSTRAINT "evaluations_pkey" PRIMARY KEY("user_id","id"),
	CONSTRAINT "evaluations_eval_type_check" CHECK ("eval_type" in ('extraction_accuracy', 'application_relevance')),
	CONSTRAINT "evaluations_verdict_check" CHECK ("verdict" in ('correct', 'incorrect', 'partial'))
);
--> statement-breakpoint
ALTER TABLE "evaluations" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "audit_log" (
	"user_id" uuid NOT NULL,
	"id" uuid DEFAULT ops.uuid_v7() NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"actor" text NOT NULL,
	"actor_id" uuid,
	"action" text NOT NULL,
	"resource" text NOT NULL,
	"request_id" text,
	"metadata" jsonb DEFAULT '{}'::jsonb NOT NULL,
	CONSTRAINT "audit_log_pkey" PRIMARY KEY("user_id","id"),
	CONSTRAINT "audit_log_actor_check" CHECK ("actor" in ('user', 'api_key', 'admin', 'service', 'system'))
);
--> statement-breakpoint
ALTER TABLE "audit_log" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "event_heads" (
	"user_id" uuid NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"last_seq" bigint DEFAULT 0 NOT NULL,
	CONSTRAINT "event_heads_pkey" PRIMARY KEY("user_id")
);
--> statement-breakpoint
ALTER TABLE "event_heads" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "events" (
	"user_id" uuid NOT NULL,
	"id" uuid DEFAULT ops.uuid_v7() NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"seq" bigint NOT NULL,
	"type" text NOT NULL,
	"payload" jsonb DEFAULT '{}'::jsonb NOT NULL,
	"actor" text NOT NULL,
	"actor_id" uuid,
	"request_id" text,
	CONSTRAINT "events_pkey" PRIMARY KEY("user_id","id"),
	CONSTRAINT "events_seq_unique" UNIQUE("user_id","seq"),
	CONSTRAINT "events_actor_check" CHECK ("actor" in ('user', 'api_key', 'admin', 'service', 'system'))
);
--> statement-breakpoint
ALTER TABLE "events" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "idempotency_keys" (
	"user_id" uuid NOT NULL,
	"id" uuid DEFAULT ops.uuid_v7() NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"key" text NOT NULL,
	"procedure" text NOT NULL,
	"request_fingerprint" text NOT NULL,
	"response" jsonb,
	"expires_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "idempotency_keys_pkey" PRIMARY KEY("user_id","id"),
	CONSTRAINT "idempotency_keys_key_unique" UNIQUE("user_id","key")
);
--> statement-breakpoint
ALTER TABLE "idempotency_keys" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "fact_uses" (
	"user_id" uuid NOT NULL,
	"id" uuid DEFAULT ops.uuid_v7() NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"fact_id" uuid NOT NULL,
	"message_id" uuid,
	"score" double precision,
	CONSTRAINT "fact_uses_pkey" PRIMARY KEY("user_id","id")
);
--> statement-breakpoint
ALTER TABLE "fact_uses" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "facts" (
	"user_id" uuid NOT NULL,
	"id" uuid DEFAULT ops.uuid_v7() NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"fact_type" text DEFAULT 'other' NOT NULL,
	"content" text NOT NULL,
	"embedding" vector(1536),
	"embedding_model" text,
	"event_date" date,
	"temporal_sensitivity" text DEFAULT 'long_term' NOT NULL,
	"source_message_id" uuid,
	"source_quote" text,
	"source_start" integer,
	"source_end" integer,
	"status" text DEFAULT 'active' NOT NULL,
	"outdated_reason" text,
	"previous_version_id" uuid,
	"valid_from" timestamp (3) with time zone,
	"valid_to" timestamp (3) with time zone,
	"recorded_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"superseded_at" timestamp (3) with time zone,
	"confidence" real DEFAULT 1 NOT NULL,
	"search" "tsvector",
	"version" integer DEFAULT 1 NOT NULL,
	CONSTRAINT "facts_pkey" PRIMARY KEY("user_id","id"),
	CONSTRAINT "facts_previous_version_unique" UNIQUE("user_id","previous_version_id"),
	CONSTRAINT "facts_fact_type_check" CHECK ("fact_type" in ('location', 'workplace', 'relationship', 'event', 'preference', 'health', 'date', 'financial', 'other')),
	CONSTRAINT "facts_temporal_sensitivity_check" CHECK ("temporal_sensitivity" in ('permanent', 'long_term', 'short_term')),
	CONSTRAINT "facts_status_check" CHECK ("status" in ('active', 'outdated')),
	CONSTRAINT "facts_outdated_reason_check" CHECK ("outdated_reason" in ('superseded', 'contradicted', 'expired', 'retracted')),
	CONSTRAINT "facts_confidence_check" CHECK ("facts"."confidence" between 0 and 1),
	CONSTRAINT "facts_outdated_check" CHECK (("facts"."status" = 'outdated') = ("facts"."outdated_reason" is not null)),
	CONSTRAINT "facts_superseded_check" CHECK (("facts"."status" = 'outdated') = ("facts"."superseded_at" is not null)),
	CONSTRAINT "facts_valid_check" CHECK ("facts"."valid_to" is null or "facts"."valid_from" is null or "facts"."valid_to" > "facts"."valid_from"),
	CONSTRAINT "facts_quote_check" CHECK (("facts"."source_quote" is null) = ("facts"."source_start" is null) and ("facts"."source_start" is null) = ("facts"."source_end" is null))
);
--> statement-breakpoint
ALTER TABLE "facts" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "interest_candidates" (
	"user_id" uuid NOT NULL,
	"id" uuid DEFAULT ops.uuid_v7() NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"topic" text NOT NULL,
	"mention_count" integer DEFAULT 1 NOT NULL,
	"status" text DEFAULT 'tracking' NOT NULL,
	"first_seen_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"last_seen_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"promoted_at" timestamp (3) with time zone,
	CONSTRAINT "interest_candidates_pkey" PRIMARY KEY("user_id","id"),
	CONSTRAINT "interest_candidates_status_check" CHECK ("status" in ('tracking', 'promoted', 'confirmed', 'dismissed')),
	CONSTRAINT "interest_candidates_mentions_check" CHECK ("interest_candidates"."mention_count" >= 1)
);
--> statement-breakpoint
ALTER TABLE "interest_candidates" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "interest_scans" (
	"user_id" uuid NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"last_handled_message_id" uuid,
	CONSTRAINT "interest_scans_pkey" PRIMARY KEY("user_id")
);
--> statement-breakpoint
ALTER TABLE "interest_scans" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "messages" (
	"user_id" uuid NOT NULL,
	"id" uuid DEFAULT ops.uuid_v7() NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"conversation_id" uuid,
	"role" text DEFAULT 'user' NOT NULL,
	"author" text,
	"content" text NOT NULL,
	"sent_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"processing_status" text DEFAULT 'received' NOT NULL,
	"source" text,
	"external_id" text,
	"search" "tsvector",
	CONSTRAINT "messages_pkey" PRIMARY KEY("user_id","id"),
	CONSTRAINT "messages_source_external_id_unique" UNIQUE("user_id","source","external_id"),
	CONSTRAINT "messages_role_check" CHECK ("role" in ('user', 'bot', 'system', 'tool')),
	CONSTRAINT "messages_processing_status_check" CHECK ("processing_status" in ('received', 'processed', 'failed'))
);
--> statement-breakpoint
ALTER TABLE "messages" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "ops"."rate_limits" (
	"bucket" text NOT NULL,
	"window_start" timestamp (3) with time zone NOT NULL,
	"count" integer DEFAULT 1 NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "rate_limits_pkey" PRIMARY KEY("bucket","window_start")
);
--> statement-breakpoint
CREATE TABLE "ops"."service_keys" (
	"id" uuid PRIMARY KEY NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"kind" text NOT NULL,
	"name" text NOT NULL,
	"key_hash" text NOT NULL,
	"prefix" text NOT NULL,
	"expires_at" timestamp (3) with time zone,
	"revoked_at" timestamp (3) with time zone,
	CONSTRAINT "service_keys_kind_check" CHECK ("kind" in ('admin', 'service'))
);
--> statement-breakpoint
CREATE TABLE "ops"."worker_nodes" (
	"id" uuid PRIMARY KEY NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"name" text NOT NULL,
	"last_seen_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"draining_at" timestamp (3) with time zone,
	"counters" jsonb DEFAULT '{}'::jsonb NOT NULL
);
--> statement-breakpoint
CREATE TABLE "reminder_alerts" (
	"user_id" uuid NOT NULL,
	"id" uuid DEFAULT ops.uuid_v7() NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"reminder_id" uuid NOT NULL,
	"ordinal" integer NOT NULL,
	"offset_seconds" integer DEFAULT 0 NOT NULL,
	"channel_ids" uuid[] DEFAULT '{}'::uuid[] NOT NULL,
	CONSTRAINT "reminder_alerts_pkey" PRIMARY KEY("user_id","id"),
	CONSTRAINT "reminder_alerts_ordinal_unique" UNIQUE("user_id","reminder_id","ordinal"),
	CONSTRAINT "reminder_alerts_offset_check" CHECK ("reminder_alerts"."offset_seconds" >= 0)
);
--> statement-breakpoint
ALTER TABLE "reminder_alerts" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "reminder_attempts" (
	"user_id" uuid NOT NULL,
	"id" uuid DEFAULT ops.uuid_v7() NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"delivery_id" uuid NOT NULL,
	"attempt" integer NOT NULL,
	"outcome" text NOT NULL,
	"started_at" timestamp (3) with time zone,
	"finished_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"http_status" integer,
	"error" text,
	"worker" uuid,
	CONSTRAINT "reminder_attempts_pkey" PRIMARY KEY("user_id","id"),
	CONSTRAINT "reminder_attempts_outcome_check" CHECK ("outcome" in ('sent', 'failed', 'unknown', 'released', 'lost_lease'))
);
--> statement-breakpoint
ALTER TABLE "reminder_attempts" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "reminder_deliveries" (
	"user_id" uuid NOT NULL,
	"id" uuid DEFAULT ops.uuid_v7() NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"reminder_id" uuid,
	"occurrence_id" uuid,
	"channel_id" uuid NOT NULL,
	"step" text NOT NULL,
	"status" text DEFAULT 'pending' NOT NULL,
	"priority" text DEFAULT 'normal' NOT NULL,
	"attempts" integer DEFAULT 0 NOT NULL,
	"claims" integer DEFAULT 0 NOT NULL,
	"due_at" timestamp (3) with time zone NOT NULL,
	"next_attempt_at" timestamp (3) with time zone NOT NULL,
	"expires_at" timestamp (3) with time zone NOT NULL,
	"lease_until" timestamp (3) with time zone,
	"lease_token" uuid,
	"lease_owner" uuid,
	"reminder_version" integer,
	"payload" jsonb DEFAULT '{}'::jsonb NOT NULL,
	"settled_at" timestamp (3) with time zone,
	"read_at" timestamp (3) with time zone,
	"status_reason" text,
	CONSTRAINT "reminder_deliveries_pkey" PRIMARY KEY("user_id","id"),
	CONSTRAINT "reminder_deliveries_step_unique" UNIQUE NULLS NOT DISTINCT("user_id","occurrence_id","step","channel_id"),
	CONSTRAINT "reminder_deliveries_status_check" CHECK ("status" in ('pending', 'sending', 'sent', 'delivered', 'failed', 'dead', 'cancelled', 'suppressed', 'unknown')),
	CONSTRAINT "reminder_deliveries_priority_check" CHECK ("priority" in ('urgent', 'normal', 'low')),
	CONSTRAINT "reminder_deliveries_lease_check" CHECK (("reminder_deliveries"."status" = 'sending') = ("reminder_deliveries"."lease_token" is not null))
);
--> statement-breakpoint
ALTER TABLE "reminder_deliveries" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "reminder_occurrences" (
	"user_id" uuid NOT NULL,
	"id" uuid DEFAULT ops.uuid_v7() NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"reminder_id" uuid NOT NULL,
	"occurrence_at" timestamp (3) with time zone NOT NULL,
	"status" text DEFAULT 'upcoming' NOT NULL,
	"shifted_by_seconds" integer DEFAULT 0 NOT NULL,
	"missed_before" integer DEFAULT 0 NOT NULL,
	"snoozed_until" timestamp (3) with time zone,
	"fired_at" timestamp (3) with time zone,
	"acknowledged_at" timestamp (3) with time zone,
	CONSTRAINT "reminder_occurrences_pkey" PRIMARY KEY("user_id","id"),
	CONSTRAINT "reminder_occurrences_at_unique" UNIQUE("user_id","reminder_id","occurrence_at"),
	CONSTRAINT "reminder_occurrences_status_check" CHECK ("status" in ('upcoming', 'due', 'fired', 'acknowledged', 'snoozed', 'completed', 'skipped', 'missed', 'cancelled'))
);
--> statement-breakpoint
ALTER TABLE "reminder_occurrences" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "reminders" (
	"user_id" uuid NOT NULL,
	"id" uuid DEFAULT ops.uuid_v7() NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"title" text NOT NULL,
	"notes" text,
	"kind" text NOT NULL,
	"dtstart_local" timestamp(0) NOT NULL,
	"tz" text,
	"rrule" text,
	"rdates_local" text[] DEFAULT '{}'::text[] NOT NULL,
	"exdates_local" text[] DEFAULT '{}'::text[] NOT NULL,
	"until_at" timestamp (3) with time zone,
	"count_total" integer,
	"fired_count" integer DEFAULT 0 NOT NULL,
	"interval_seconds" integer,
	"repeat_from" text DEFAULT 'schedule' NOT NULL,
	"anchor_fact_id" uuid,
	"anchor_offset" text,
	"gap_policy" text DEFAULT 'shift' NOT NULL,
	"overlap_policy" text DEFAULT 'first' NOT NULL,
	"misfire" text DEFAULT 'latest' NOT NULL,
	"misfire_grace_seconds" integer DEFAULT 86400 NOT NULL,
	"nag" integer[] DEFAULT '{}'::integer[] NOT NULL,
	"priority" text DEFAULT 'normal' NOT NULL,
	"quiet" text DEFAULT 'respect' NOT NULL,
	"status" text DEFAULT 'active' NOT NULL,
	"status_reason" text,
	"next_occurrence_at" timestamp (3) with time zone,
	"next_wake_at" timestamp (3) with time zone,
	"version" integer DEFAULT 1 NOT NULL,
	"dedupe_key" text,
	"channel_ids" uuid[] DEFAULT '{}'::uuid[] NOT NULL,
	"source_message_id" uuid,
	"entity_id" uuid,
	"fact_id" uuid,
	"tzdata_version" text,
	CONSTRAINT "reminders_pkey" PRIMARY KEY("user_id","id"),
	CONSTRAINT "reminders_kind_check" CHECK ("kind" in ('once', 'recurring', 'interval', 'fact_relative')),
	CONSTRAINT "reminders_repeat_from_check" CHECK ("repeat_from" in ('schedule', 'completion')),
	CONSTRAINT "reminders_gap_policy_check" CHECK ("gap_policy" in ('shift', 'skip')),
	CONSTRAINT "reminders_overlap_policy_check" CHECK ("overlap_policy" in ('first', 'second', 'both')),
	CONSTRAINT "reminders_misfire_check" CHECK ("misfire" in ('latest', 'all', 'skip')),
	CONSTRAINT "reminders_priority_check" CHECK ("priority" in ('urgent', 'normal', 'low')),
	CONSTRAINT "reminders_quiet_check" CHECK ("quiet" in ('respect', 'bypass')),
	CONSTRAINT "reminders_status_check" CHECK ("status" in ('active', 'paused', 'completed', 'cancelled', 'expired', 'error')),
	CONSTRAINT "reminders_rule_check" CHECK (case kind
        when 'recurring' then rrule is not null or cardinality(rdates_local) > 0
        when 'interval' then interval_seconds >= 60
        when 'fact_relative' then anchor_offset is not null and (anchor_fact_id is not null or status not in ('active', 'paused'))
        else rrule is null and interval_seconds is null end),
	CONSTRAINT "reminders_count_check" CHECK (("reminders"."count_total" is null or "reminders"."count_total" >= 1) and "reminders"."fired_count" >= 0)
);
--> statement-breakpoint
ALTER TABLE "reminders" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "api_keys" (
	"user_id" uuid NOT NULL,
	"id" uuid DEFAULT ops.uuid_v7() NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"name" text NOT NULL,
	"key_hash" text NOT NULL,
	"scopes" text[] NOT NULL,
	"prefix" text NOT NULL,
	"expires_at" timestamp (3) with time zone,
	"last_used_at" timestamp (3) with time zone,
	"revoked_at" timestamp (3) with time zone,
	CONSTRAINT "api_keys_pkey" PRIMARY KEY("user_id","id"),
	CONSTRAINT "api_keys_scopes_check" CHECK ("scopes" <@ array['read', 'write'])
);
--> statement-breakpoint
ALTER TABLE "api_keys" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "invites" (
	"user_id" uuid NOT NULL,
	"id" uuid DEFAULT ops.uuid_v7() NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"token_hash" text NOT NULL,
	"email" text,
	"accepted_at" timestamp (3) with time zone,
	"prefix" text NOT NULL,
	"expires_at" timestamp (3) with time zone,
	"last_used_at" timestamp (3) with time zone,
	"revoked_at" timestamp (3) with time zone,
	CONSTRAINT "invites_pkey" PRIMARY KEY("user_id","id")
);
--> statement-breakpoint
ALTER TABLE "invites" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "sessions" (
	"user_id" uuid NOT NULL,
	"id" uuid DEFAULT ops.uuid_v7() NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"token_hash" text NOT NULL,
	"prefix" text NOT NULL,
	"expires_at" timestamp (3) with time zone,
	"last_used_at" timestamp (3) with time zone,
	"revoked_at" timestamp (3) with time zone,
	CONSTRAINT "sessions_pkey" PRIMARY KEY("user_id","id")
);
--> statement-breakpoint
ALTER TABLE "sessions" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "user_auths" (
	"user_id" uuid NOT NULL,
	"id" uuid DEFAULT ops.uuid_v7() NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"provider" text NOT NULL,
	"external_id" text NOT NULL,
	"language_code" text,
	CONSTRAINT "user_auths_pkey" PRIMARY KEY("user_id","id"),
	CONSTRAINT "user_auths_provider_external_id_unique" UNIQUE("provider","external_id"),
	CONSTRAINT "user_auths_provider_check" CHECK ("provider" in ('telegram', 'email', 'google', 'github', 'oidc', 'api'))
);
--> statement-breakpoint
ALTER TABLE "user_auths" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "token_usages" (
	"user_id" uuid NOT NULL,
	"id" uuid DEFAULT ops.uuid_v7() NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"period_start" date NOT NULL,
	"kind" text NOT NULL,
	"model" text NOT NULL,
	"tokens_used" bigint DEFAULT 0 NOT NULL,
	"quota_limit" bigint,
	CONSTRAINT "token_usages_pkey" PRIMARY KEY("user_id","id"),
	CONSTRAINT "token_usages_period_unique" UNIQUE("user_id","period_start","kind","model"),
	CONSTRAINT "token_usages_month_check" CHECK (extract(day from "token_usages"."period_start") = 1),
	CONSTRAINT "token_usages_used_check" CHECK ("token_usages"."tokens_used" >= 0)
);
--> statement-breakpoint
ALTER TABLE "token_usages" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "users" (
	"id" uuid PRIMARY KEY DEFAULT ops.uuid_v7() NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"name" text,
	"email" text,
	"email_verified" boolean DEFAULT false NOT NULL,
	"last_seen_at" timestamp (3) with time zone,
	"status" text DEFAULT 'active' NOT NULL,
	"timezone" text,
	"locale" text DEFAULT 'en' NOT NULL,
	"summary" text,
	"summary_updated_at" timestamp (3) with time zone,
	"preferences" jsonb DEFAULT '{}'::jsonb NOT NULL,
	"version" integer DEFAULT 1 NOT NULL,
	CONSTRAINT "users_status_check" CHECK ("status" in ('waitlist', 'active', 'paused', 'blocked'))
);
--> statement-breakpoint
ALTER TABLE "users" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "channels" ADD CONSTRAINT "channels_user_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "conversations" ADD CONSTRAINT "conversations_user_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "dialog_states" ADD CONSTRAINT "dialog_states_user_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "entities" ADD CONSTRAINT "entities_user_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "fact_entities" ADD CONSTRAINT "fact_entities_user_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "fact_entities" ADD CONSTRAINT "fact_entities_fact_fk" FOREIGN KEY ("user_id","fact_id") REFERENCES "public"."facts"("user_id","id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "fact_entities" ADD CONSTRAINT "fact_entities_entity_fk" FOREIGN KEY ("user_id","entity_id") REFERENCES "public"."entities"("user_id","id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "evaluations" ADD CONSTRAINT "evaluations_user_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "evaluations" ADD CONSTRAINT "evaluations_fact_fk" FOREIGN KEY ("user_id","fact_id") REFERENCES "public"."facts"("user_id","id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "evaluations" ADD CONSTRAINT "evaluations_message_fk" FOREIGN KEY ("user_id","message_id") REFERENCES "public"."messages"("user_id","id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "audit_log" ADD CONSTRAINT "audit_log_user_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "event_heads" ADD CONSTRAINT "event_heads_user_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "events" ADD CONSTRAINT "events_user_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "idempotency_keys" ADD CONSTRAINT "idempotency_keys_user_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "fact_uses" ADD CONSTRAINT "fact_uses_user_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "fact_uses" ADD CONSTRAINT "fact_uses_fact_fk" FOREIGN KEY ("user_id","fact_id") REFERENCES "public"."facts"("user_id","id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "fact_uses" ADD CONSTRAINT "fact_uses_message_fk" FOREIGN KEY ("user_id","message_id") REFERENCES "public"."messages"("user_id","id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "facts" ADD CONSTRAINT "facts_user_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "facts" ADD CONSTRAINT "facts_source_message_fk" FOREIGN KEY ("user_id","source_message_id") REFERENCES "public"."messages"("user_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "facts" ADD CONSTRAINT "facts_previous_version_fk" FOREIGN KEY ("user_id","previous_version_id") REFERENCES "public"."facts"("user_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "interest_candidates" ADD CONSTRAINT "interest_candidates_user_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "interest_scans" ADD CONSTRAINT "interest_scans_user_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "messages" ADD CONSTRAINT "messages_user_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "messages" ADD CONSTRAINT "messages_conversation_fk" FOREIGN KEY ("user_id","conversation_id") REFERENCES "public"."conversations"("user_id","id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "reminder_alerts" ADD CONSTRAINT "reminder_alerts_user_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "reminder_alerts" ADD CONSTRAINT "reminder_alerts_reminder_fk" FOREIGN KEY ("user_id","reminder_id") REFERENCES "public"."reminders"("user_id","id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "reminder_attempts" ADD CONSTRAINT "reminder_attempts_user_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "reminder_attempts" ADD CONSTRAINT "reminder_attempts_delivery_fk" FOREIGN KEY ("user_id","delivery_id") REFERENCES "public"."reminder_deliveries"("user_id","id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "reminder_deliveries" ADD CONSTRAINT "reminder_deliveries_user_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "reminder_deliveries" ADD CONSTRAINT "reminder_deliveries_reminder_fk" FOREIGN KEY ("user_id","reminder_id") REFERENCES "public"."reminders"("user_id","id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "reminder_deliveries" ADD CONSTRAINT "reminder_deliveries_occurrence_fk" FOREIGN KEY ("user_id","occurrence_id") REFERENCES "public"."reminder_occurrences"("user_id","id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "reminder_deliveries" ADD CONSTRAINT "reminder_deliveries_channel_fk" FOREIGN KEY ("user_id","channel_id") REFERENCES "public"."channels"("user_id","id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "reminder_occurrences" ADD CONSTRAINT "reminder_occurrences_user_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "reminder_occurrences" ADD CONSTRAINT "reminder_occurrences_reminder_fk" FOREIGN KEY ("user_id","reminder_id") REFERENCES "public"."reminders"("user_id","id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "reminders" ADD CONSTRAINT "reminders_user_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "reminders" ADD CONSTRAINT "reminders_anchor_fact_fk" FOREIGN KEY ("user_id","anchor_fact_id") REFERENCES "public"."facts"("user_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "reminders" ADD CONSTRAINT "reminders_source_message_fk" FOREIGN KEY ("user_id","source_message_id") REFERENCES "public"."messages"("user_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "reminders" ADD CONSTRAINT "reminders_entity_fk" FOREIGN KEY ("user_id","entity_id") REFERENCES "public"."entities"("user_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "reminders" ADD CONSTRAINT "reminders_fact_fk" FOREIGN KEY ("user_id","fact_id") REFERENCES "public"."facts"("user_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "api_keys" ADD CONSTRAINT "api_keys_user_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "invites" ADD CONSTRAINT "invites_user_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "sessions" ADD CONSTRAINT "sessions_user_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "user_auths" ADD CONSTRAINT "user_auths_user_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "token_usages" ADD CONSTRAINT "token_usages_user_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "channels_type_index" ON "channels" USING btree ("user_id","type");--> statement-breakpoint
CREATE INDEX "entities_name_index" ON "entities" USING btree ("user_id",lower("canonical_name"));--> statement-breakpoint
CREATE INDEX "fact_entities_entity_index" ON "fact_entities" USING btree ("user_id","entity_id");--> statement-breakpoint
CREATE INDEX "evaluations_fact_index" ON "evaluations" USING btree ("user_id","fact_id");--> statement-breakpoint
CREATE INDEX "evaluations_message_index" ON "evaluations" USING btree ("user_id","message_id");--> statement-breakpoint
CREATE INDEX "idempotency_keys_expires_at_index" ON "idempotency_keys" USING btree ("user_id","expires_at");--> statement-breakpoint
CREATE INDEX "fact_uses_fact_index" ON "fact_uses" USING btree ("user_id","fact_id");--> statement-breakpoint
CREATE INDEX "fact_uses_message_index" ON "fact_uses" USING btree ("user_id","message_id");--> statement-breakpoint
CREATE INDEX "facts_source_message_index" ON "facts" USING btree ("user_id","source_message_id");--> statement-breakpoint
CREATE INDEX "facts_status_index" ON "facts" USING btree ("user_id","status","id");--> statement-breakpoint
CREATE UNIQUE INDEX "interest_candidates_topic_unique" ON "interest_candidates" USING btree ("user_id",lower("topic"));--> statement-breakpoint
CREATE INDEX "messages_conversation_index" ON "messages" USING btree ("user_id","conversation_id","sent_at","id");--> statement-breakpoint
CREATE INDEX "messages_sent_at_index" ON "messages" USING btree ("user_id","sent_at","id");--> statement-breakpoint
CREATE INDEX "rate_limits_window_index" ON "ops"."rate_limits" USING btree ("window_start");--> statement-breakpoint
CREATE INDEX "service_keys_key_hash_index" ON "ops"."service_keys" USING btree ("key_hash");--> statement-breakpoint
CREATE INDEX "reminder_attempts_delivery_index" ON "reminder_attempts" USING btree ("user_id","delivery_id");--> statement-breakpoint
CREATE INDEX "reminder_deliveries_pending_index" ON "reminder_deliveries" USING btree ("next_attempt_at") WHERE status = 'pending';--> statement-breakpoint
CREATE INDEX "reminder_deliveries_reminder_index" ON "reminder_deliveries" USING btree ("user_id","reminder_id");--> statement-breakpoint
CREATE INDEX "reminder_deliveries_channel_index" ON "reminder_deliveries" USING btree ("user_id","channel_id","id");--> statement-breakpoint
CREATE INDEX "reminder_occurrences_list_index" ON "reminder_occurrences" USING btree ("user_id","occurrence_at","id");--> statement-breakpoint
CREATE UNIQUE INDEX "reminders_dedupe_key_unique" ON "reminders" USING btree ("user_id","dedupe_key") WHERE status in ('active', 'paused');--> statement-breakpoint
CREATE INDEX "reminders_next_wake_at_index" ON "reminders" USING btree ("next_wake_at") WHERE status = 'active';--> statement-breakpoint
CREATE INDEX "reminders_list_index" ON "reminders" USING btree ("user_id","status","next_occurrence_at","id");--> statement-breakpoint
CREATE INDEX "reminders_anchor_fact_index" ON "reminders" USING btree ("user_id","anchor_fact_id");--> statement-breakpoint
CREATE INDEX "reminders_source_message_index" ON "reminders" USING btree ("user_id","source_message_id");--> statement-breakpoint
CREATE INDEX "reminders_entity_index" ON "reminders" USING btree ("user_id","entity_id");--> statement-breakpoint
CREATE INDEX "reminders_fact_index" ON "reminders" USING btree ("user_id","fact_id");--> statement-breakpoint
CREATE INDEX "api_keys_key_hash_index" ON "api_keys" USING btree ("key_hash");--> statement-breakpoint
CREATE INDEX "sessions_token_hash_index" ON "sessions" USING btree ("token_hash");--> statement-breakpoint
CREATE POLICY "own_rows" ON "channels" AS PERMISSIVE FOR ALL TO "mema_app" USING (user_id = nullif(current_setting('app.user_id'::text, true), ''::text)::uuid) WITH CHECK (user_id = nullif(current_setting('app.user_id'::text, true), ''::text)::uuid);--> statement-breakpoint
CREATE POLICY "own_rows" ON "conversations" AS PERMISSIVE FOR ALL TO "mema_app" USING (user_id = nullif(current_setting('app.user_id'::text, true), ''::text)::uuid) WITH CHECK (user_id = nullif(current_setting('app.user_id'::text, true), ''::text)::uuid);--> statement-breakpoint
CREATE POLICY "own_rows" ON "dialog_states" AS PERMISSIVE FOR ALL TO "mema_app" USING (user_id = nullif(current_setting('app.user_id'::text, true), ''::text)::uuid) WITH CHECK (user_id = nullif(current_setting('app.user_id'::text, true), ''::text)::uuid);--> statement-breakpoint
CREATE POLICY "own_rows" ON "entities" AS PERMISSIVE FOR ALL TO "mema_app" USING (user_id = nullif(current_setting('app.user_id'::text, true), ''::text)::uuid) WITH CHECK (user_id = nullif(current_setting('app.user_id'::text, true), ''::text)::uuid);--> statement-breakpoint
CREATE POLICY "own_rows" ON "fact_entities" AS PERMISSIVE FOR ALL TO "mema_app" USING (user_id = nullif(current_setting('app.user_id'::text, true), ''::text)::uuid) WITH CHECK (user_id = nullif(current_setting('app.user_id'::text, true), ''::text)::uuid);--> statement-breakpoint
CREATE POLICY "own_rows" ON "evaluations" AS PERMISSIVE FOR ALL TO "mema_app" USING (user_id = nullif(current_setting('app.user_id'::text, true), ''::text)::uuid) WITH CHECK (user_id = nullif(current_setting('app.user_id'::text, true), ''::text)::uuid);--> statement-breakpoint
CREATE POLICY "own_rows" ON "audit_log" AS PERMISSIVE FOR ALL TO "mema_app" USING (user_id = nullif(current_setting('app.user_id'::text, true), ''::text)::uuid) WITH CHECK (user_id = nullif(current_setting('app.user_id'::text, true), ''::text)::uuid);--> statement-breakpoint
CREATE POLICY "own_rows" ON "event_heads" AS PERMISSIVE FOR ALL TO "mema_app" USING (user_id = nullif(current_setting('app.user_id'::text, true), ''::text)::uuid) WITH CHECK (user_id = nullif(current_setting('app.user_id'::text, true), ''::text)::uuid);--> statement-breakpoint
CREATE POLICY "own_rows" ON "events" AS PERMISSIVE FOR ALL TO "mema_app" USING (user_id = nullif(current_setting('app.user_id'::text, true), ''::text)::uuid) WITH CHECK (user_id = nullif(current_setting('app.user_id'::text, true), ''::text)::uuid);--> statement-breakpoint
CREATE POLICY "own_rows" ON "idempotency_keys" AS PERMISSIVE FOR ALL TO "mema_app" USING (user_id = nullif(current_setting('app.user_id'::text, true), ''::text)::uuid) WITH CHECK (user_id = nullif(current_setting('app.user_id'::text, true), ''::text)::uuid);--> statement-breakpoint
CREATE POLICY "own_rows" ON "fact_uses" AS PERMISSIVE FOR ALL TO "mema_app" USING (user_id = nullif(current_setting('app.user_id'::text, true), ''::text)::uuid) WITH CHECK (user_id = nullif(current_setting('app.user_id'::text, true), ''::text)::uuid);--> statement-breakpoint
CREATE POLICY "own_rows" ON "facts" AS PERMISSIVE FOR ALL TO "mema_app" USING (user_id = nullif(current_setting('app.user_id'::text, true), ''::text)::uuid) WITH CHECK (user_id = nullif(current_setting('app.user_id'::text, true), ''::text)::uuid);--> statement-breakpoint
CREATE POLICY "own_rows" ON "interest_candidates" AS PERMISSIVE FOR ALL TO "mema_app" USING (user_id = nullif(current_setting('app.user_id'::text, true), ''::text)::uuid) WITH CHECK (user_id = nullif(current_setting('app.user_id'::text, true), ''::text)::uuid);--> statement-breakpoint
CREATE POLICY "own_rows" ON "interest_scans" AS PERMISSIVE FOR ALL TO "mema_app" USING (user_id = nullif(current_setting('app.user_id'::text, true), ''::text)::uuid) WITH CHECK (user_id = nullif(current_setting('app.user_id'::text, true), ''::text)::uuid);--> statement-breakpoint
CREATE POLICY "own_rows" ON "messages" AS PERMISSIVE FOR ALL TO "mema_app" USING (user_id = nullif(current_setting('app.user_id'::text, true), ''::text)::uuid) WITH CHECK (user_id = nullif(current_setting('app.user_id'::text, true), ''::text)::uuid);--> statement-breakpoint
CREATE POLICY "own_rows" ON "reminder_alerts" AS PERMISSIVE FOR ALL TO "mema_app" USING (user_id = nullif(current_setting('app.user_id'::text, true), ''::text)::uuid) WITH CHECK (user_id = nullif(current_setting('app.user_id'::text, true), ''::text)::uuid);--> statement-breakpoint
CREATE POLICY "own_rows" ON "reminder_attempts" AS PERMISSIVE FOR ALL TO "mema_app" USING (user_id = nullif(current_setting('app.user_id'::text, true), ''::text)::uuid) WITH CHECK (user_id = nullif(current_setting('app.user_id'::text, true), ''::text)::uuid);--> statement-breakpoint
CREATE POLICY "own_rows" ON "reminder_deliveries" AS PERMISSIVE FOR ALL TO "mema_app" USING (user_id = nullif(current_setting('app.user_id'::text, true), ''::text)::uuid) WITH CHECK (user_id = nullif(current_setting('app.user_id'::text, true), ''::text)::uuid);--> statement-breakpoint
CREATE POLICY "claim" ON "reminder_deliveries" AS PERMISSIVE FOR ALL TO "mema_worker" USING (true) WITH CHECK (true);--> statement-breakpoint
CREATE POLICY "own_rows" ON "reminder_occurrences" AS PERMISSIVE FOR ALL TO "mema_app" USING (user_id = nullif(current_setting('app.user_id'::text, true), ''::text)::uuid) WITH CHECK (user_id = nullif(current_setting('app.user_id'::text, true), ''::text)::uuid);--> statement-breakpoint
CREATE POLICY "claim" ON "reminder_occurrences" AS PERMISSIVE FOR ALL TO "mema_worker" USING (true) WITH CHECK (true);--> statement-breakpoint
CREATE POLICY "own_rows" ON "reminders" AS PERMISSIVE FOR ALL TO "mema_app" USING (user_id = nullif(current_setting('app.user_id'::text, true), ''::text)::uuid) WITH CHECK (user_id = nullif(current_setting('app.user_id'::text, true), ''::text)::uuid);--> statement-breakpoint
CREATE POLICY "claim" ON "reminders" AS PERMISSIVE FOR ALL TO "mema_worker" USING (true) WITH CHECK (true);--> statement-breakpoint
CREATE POLICY "own_rows" ON "api_keys" AS PERMISSIVE FOR ALL TO "mema_app" USING (user_id = nullif(current_setting('app.user_id'::text, true), ''::text)::uuid) WITH CHECK (user_id = nullif(current_setting('app.user_id'::text, true), ''::text)::uuid);--> statement-breakpoint
CREATE POLICY "sign_in" ON "api_keys" AS PERMISSIVE FOR SELECT TO "mema_auth" USING (true);--> statement-breakpoint
CREATE POLICY "own_rows" ON "invites" AS PERMISSIVE FOR ALL TO "mema_app" USING (user_id = nullif(current_setting('app.user_id'::text, true), ''::text)::uuid) WITH CHECK (user_id = nullif(current_setting('app.user_id'::text, true), ''::text)::uuid);--> statement-breakpoint
CREATE POLICY "own_rows" ON "sessions" AS PERMISSIVE FOR ALL TO "mema_app" USING (user_id = nullif(current_setting('app.user_id'::text, true), ''::text)::uuid) WITH CHECK (user_id = nullif(current_setting('app.user_id'::text, true), ''::text)::uuid);--> statement-breakpoint
CREATE POLICY "sign_in" ON "sessions" AS PERMISSIVE FOR SELECT TO "mema_auth" USING (true);--> statement-breakpoint
CREATE POLICY "own_rows" ON "user_auths" AS PERMISSIVE FOR ALL TO "mema_app" USING (user_id = nullif(current_setting('app.user_id'::text, true), ''::text)::uuid) WITH CHECK (user_id = nullif(current_setting('app.user_id'::text, true), ''::text)::uuid);--> statement-breakpoint
CREATE POLICY "sign_in" ON "user_auths" AS PERMISSIVE FOR SELECT TO "mema_auth" USING (true);--> statement-breakpoint
CREATE POLICY "own_rows" ON "token_usages" AS PERMISSIVE FOR ALL TO "mema_app" USING (user_id = nullif(current_setting('app.user_id'::text, true), ''::text)::uuid) WITH CHECK (user_id = nullif(current_setting('app.user_id'::text, true), ''::text)::uuid);--> statement-breakpoint
CREATE POLICY "own_rows" ON "users" AS PERMISSIVE FOR ALL TO "mema_app" USING (id = nullif(current_setting('app.user_id'::text, true), ''::text)::uuid) WITH CHECK (id = nullif(current_setting('app.user_id'::text, true), ''::text)::uuid);--> statement-breakpoint
CREATE POLICY "sign_in" ON "users" AS PERMISSIVE FOR SELECT TO "mema_auth" USING (true);