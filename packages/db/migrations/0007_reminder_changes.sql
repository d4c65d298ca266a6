CREATE TABLE "reminder_changes" (
	"user_id" uuid NOT NULL,
	"id" uuid DEFAULT ops.uuid_v7() NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"reminder_id" uuid NOT NULL,
	"occurrence_id" uuid,
	"action" text NOT NULL,
	"reminder_version" integer NOT NULL,
	"changed_at" timestamp (3) with time zone NOT NULL,
	"undone_at" timestamp (3) with time zone,
	"before" jsonb,
	CONSTRAINT "reminder_changes_pkey" PRIMARY KEY("user_id","id"),
	CONSTRAINT "reminder_changes_action_check" CHECK ("action" in ('updated', 'occurrence_updated', 'snoozed', 'completed', 'acknowledged', 'skipped', 'cancelled', 'paused', 'resumed', 'reopened', 'moved_with_fact'))
);
--> statement-breakpoint
ALTER TABLE "reminder_changes" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "reminder_occurrences" ADD COLUMN "recurrence_local" timestamp(0);--> statement-breakpoint
ALTER TABLE "reminder_occurrences" ADD COLUMN "moved_to_local" timestamp(0);--> statement-breakpoint
ALTER TABLE "reminder_occurrences" ADD COLUMN "moved_to_at" timestamp (3) with time zone;--> statement-breakpoint
ALTER TABLE "reminder_occurrences" ADD COLUMN "title" text;--> statement-breakpoint
ALTER TABLE "reminder_occurrences" ADD COLUMN "notes" text;--> statement-breakpoint
ALTER TABLE "reminder_changes" ADD CONSTRAINT "reminder_changes_user_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "reminder_changes" ADD CONSTRAINT "reminder_changes_reminder_fk" FOREIGN KEY ("user_id","reminder_id") REFERENCES "public"."reminders"("user_id","id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "reminder_changes" ADD CONSTRAINT "reminder_changes_occurrence_fk" FOREIGN KEY ("user_id","occurrence_id") REFERENCES "public"."reminder_occurrences"("user_id","id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "reminder_changes_reminder_index" ON "reminder_changes" USING btree ("user_id","reminder_id","id");--> statement-breakpoint
CREATE INDEX "reminder_changes_occurrence_index" ON "reminder_changes" USING btree ("user_id","occurrence_id");--> statement-breakpoint
CREATE INDEX "reminder_occurrences_moved_index" ON "reminder_occurrences" USING btree ("user_id","reminder_id") WHERE moved_to_at is not null;--> statement-breakpoint
ALTER TABLE "reminder_occurrences" ADD CONSTRAINT "reminder_occurrences_moved_check" CHECK (("reminder_occurrences"."moved_to_local" is null) = ("reminder_occurrences"."moved_to_at" is null));--> statement-breakpoint
CREATE POLICY "own_rows" ON "reminder_changes" AS PERMISSIVE FOR ALL TO "mema_app" USING (user_id = nullif(current_setting('app.user_id'::text, true), ''::text)::uuid) WITH CHECK (user_id = nullif(current_setting('app.user_id'::text, true), ''::text)::uuid);