ALTER TABLE "channels" ADD COLUMN "code_mac" text;--> statement-breakpoint
ALTER TABLE "channels" ADD COLUMN "code_expires_at" timestamp (3) with time zone;--> statement-breakpoint
ALTER TABLE "channels" ADD COLUMN "code_tries" integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "channels" ADD COLUMN "last_success_at" timestamp (3) with time zone;--> statement-breakpoint
ALTER TABLE "channels" ADD COLUMN "last_failure_at" timestamp (3) with time zone;--> statement-breakpoint
ALTER TABLE "channels" ADD COLUMN "last_failure" text;--> statement-breakpoint
ALTER TABLE "channels" ADD COLUMN "failures_in_row" integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "channels" ADD COLUMN "failing_since" timestamp (3) with time zone;--> statement-breakpoint
ALTER TABLE "channels" ADD COLUMN "paused_until" timestamp (3) with time zone;--> statement-breakpoint
CREATE INDEX "reminder_deliveries_given_up_index" ON "reminder_deliveries" USING btree ("id") WHERE status in ('failed', 'dead', 'unknown');--> statement-breakpoint
CREATE POLICY "claim" ON "channels" AS PERMISSIVE FOR ALL TO "mema_worker" USING (true) WITH CHECK (true);