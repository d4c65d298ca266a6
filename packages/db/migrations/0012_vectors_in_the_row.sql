ALTER TABLE "recall_message_embeddings" ALTER COLUMN "embedding" SET STORAGE PLAIN;--> statement-breakpoint
-- A search reads codes from the index alone only where pages are known to be visible to all: vacuum after 2% of new rows, not 20%.
ALTER TABLE "recall_message_embeddings" SET (autovacuum_vacuum_insert_scale_factor = 0.02);--> statement-breakpoint
-- A value made anew goes where the column now keeps it.
UPDATE "recall_message_embeddings" SET "embedding" = "embedding"::real[]::halfvec(1536);--> statement-breakpoint
CREATE INDEX "recall_message_embeddings_code_index" ON "recall_message_embeddings" USING btree ("user_id","message_id","embedding_code");
