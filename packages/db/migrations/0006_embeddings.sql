CREATE TABLE "recall_embedding_queue" (
	"user_id" uuid NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"due_at" timestamp (3) with time zone,
	"changes" bigint DEFAULT 1 NOT NULL,
	"attempts" integer DEFAULT 0 NOT NULL,
	"claim_id" uuid,
	"claimed_until" timestamp (3) with time zone,
	"model" text,
	CONSTRAINT "recall_embedding_queue_pkey" PRIMARY KEY("user_id")
);
--> statement-breakpoint
ALTER TABLE "recall_embedding_queue" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "recall_message_embeddings" (
	"user_id" uuid NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"message_id" uuid NOT NULL,
	"embedding" halfvec(1536),
	"embedding_model" text,
	"embedding_dimensions" integer,
	"embedding_code" bit(1536) GENERATED ALWAYS AS (binary_quantize(embedding)::bit(1536)) STORED,
	CONSTRAINT "recall_message_embeddings_pkey" PRIMARY KEY("user_id","message_id")
);
--> statement-breakpoint
ALTER TABLE "recall_message_embeddings" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "facts" ADD COLUMN "embedding_dimensions" integer;--> statement-breakpoint
ALTER TABLE "facts" ADD COLUMN "embedding_code" bit(1536) GENERATED ALWAYS AS (binary_quantize(embedding)::bit(1536)) STORED;--> statement-breakpoint
ALTER TABLE "recall_embedding_queue" ADD CONSTRAINT "recall_embedding_queue_user_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "recall_message_embeddings" ADD CONSTRAINT "recall_message_embeddings_user_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "recall_message_embeddings" ADD CONSTRAINT "recall_message_embeddings_message_fk" FOREIGN KEY ("user_id","message_id") REFERENCES "public"."messages"("user_id","id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "recall_embedding_queue_due_index" ON "recall_embedding_queue" USING btree ("due_at") WHERE due_at is not null;--> statement-breakpoint
CREATE POLICY "own_rows" ON "recall_embedding_queue" AS PERMISSIVE FOR ALL TO "mema_app" USING (user_id = nullif(current_setting('app.user_id'::text, true), ''::text)::uuid) WITH CHECK (user_id = nullif(current_setting('app.user_id'::text, true), ''::text)::uuid);--> statement-breakpoint
CREATE POLICY "claim" ON "recall_embedding_queue" AS PERMISSIVE FOR ALL TO "mema_worker" USING (true) WITH CHECK (true);--> statement-breakpoint
CREATE POLICY "own_rows" ON "recall_message_embeddings" AS PERMISSIVE FOR ALL TO "mema_app" USING (user_id = nullif(current_setting('app.user_id'::text, true), ''::text)::uuid) WITH CHECK (user_id = nullif(current_setting('app.user_id'::text, true), ''::text)::uuid);--> statement-breakpoint
-- After the trigger that counts, whose row every writer locks first: the same order everywhere.
CREATE FUNCTION "ops"."queue_embeddings"() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
begin
  insert into public.recall_embedding_queue (user_id, due_at) select user_id, now() from added group by user_id
  on conflict (user_id) do update set
    changes = recall_embedding_queue.changes + 1,
    due_at = coalesce(recall_embedding_queue.due_at, excluded.due_at);
  return null;
end $$;
--> statement-breakpoint
CREATE TRIGGER "recall_documents_queued" AFTER INSERT ON "recall_documents"
  REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION "ops"."queue_embeddings"();
--> statement-breakpoint
INSERT INTO "recall_embedding_queue" ("user_id", "due_at") SELECT "user_id", now() FROM "recall_statistics";
