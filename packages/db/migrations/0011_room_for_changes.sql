DROP INDEX "reminders_anchor_fact_index";--> statement-breakpoint
DROP INDEX "reminders_source_message_index";--> statement-breakpoint
DROP INDEX "reminders_entity_index";--> statement-breakpoint
DROP INDEX "reminders_fact_index";--> statement-breakpoint
CREATE INDEX "reminders_anchor_fact_index" ON "reminders" USING btree ("user_id","anchor_fact_id") WHERE "anchor_fact_id" is not null;--> statement-breakpoint
CREATE INDEX "reminders_source_message_index" ON "reminders" USING btree ("user_id","source_message_id") WHERE "source_message_id" is not null;--> statement-breakpoint
CREATE INDEX "reminders_entity_index" ON "reminders" USING btree ("user_id","entity_id") WHERE "entity_id" is not null;--> statement-breakpoint
CREATE INDEX "reminders_fact_index" ON "reminders" USING btree ("user_id","fact_id") WHERE "fact_id" is not null;--> statement-breakpoint
-- A row's next versions find room on its own page: what no index holds then changes without touching one (a heap-only update).
ALTER TABLE "reminder_deliveries" SET (fillfactor = 60);--> statement-breakpoint
ALTER TABLE "reminder_occurrences" SET (fillfactor = 70);--> statement-breakpoint
ALTER TABLE "reminders" SET (fillfactor = 80);
