DROP INDEX "reminder_deliveries_pending_index";--> statement-breakpoint
ALTER TABLE "reminder_deliveries" ADD COLUMN "begun_at" timestamp (3) with time zone;--> statement-breakpoint
ALTER TABLE "reminders" ADD COLUMN "expand_from_at" timestamp (3) with time zone;--> statement-breakpoint
CREATE UNIQUE INDEX "channels_in_app_unique" ON "channels" USING btree ("user_id") WHERE type = 'in_app';--> statement-breakpoint
CREATE INDEX "reminder_deliveries_open_index" ON "reminder_deliveries" USING btree ("next_attempt_at") WHERE settled_at is null;--> statement-breakpoint
CREATE INDEX "reminder_deliveries_claim_index" ON "reminder_deliveries" USING btree ("priority","user_id","next_attempt_at") WHERE settled_at is null;--> statement-breakpoint
CREATE INDEX "reminders_user_wake_index" ON "reminders" USING btree ("user_id","next_wake_at") WHERE status = 'active';--> statement-breakpoint
ALTER TABLE "reminder_deliveries" ADD CONSTRAINT "reminder_deliveries_settled_check" CHECK (("reminder_deliveries"."status" in ('pending', 'sending')) = ("reminder_deliveries"."settled_at" is null));