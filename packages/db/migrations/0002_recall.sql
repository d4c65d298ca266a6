CREATE TABLE "recall_documents" (
	"user_id" uuid NOT NULL,
	"id" uuid DEFAULT ops.uuid_v7() NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"kind" text NOT NULL,
	"message_id" uuid,
	"fact_id" uuid,
	"conversation_id" uuid,
	"at" timestamp (3) with time zone NOT NULL,
	"length" integer NOT NULL,
	"speaker" text[] NOT NULL,
	CONSTRAINT "recall_documents_pkey" PRIMARY KEY("user_id","id"),
	CONSTRAINT "recall_documents_kind_check" CHECK ("kind" in ('message', 'fact')),
	CONSTRAINT "recall_documents_source_check" CHECK (case "recall_documents"."kind" when 'message' then "recall_documents"."message_id" = "recall_documents"."id" and "recall_documents"."fact_id" is null when 'fact' then "recall_documents"."fact_id" = "recall_documents"."id" and "recall_documents"."message_id" is null end is true)
);
--> statement-breakpoint
ALTER TABLE "recall_documents" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "recall_names" (
	"user_id" uuid NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"term" text COLLATE "C" NOT NULL,
	"entity_id" uuid NOT NULL,
	CONSTRAINT "recall_names_pkey" PRIMARY KEY("user_id","term","entity_id")
);
--> statement-breakpoint
ALTER TABLE "recall_names" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "recall_postings" (
	"user_id" uuid NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"term" text COLLATE "C" NOT NULL,
	"document_id" uuid NOT NULL,
	"frequency" smallint NOT NULL,
	"length" integer NOT NULL,
	"outdated" boolean DEFAULT false NOT NULL,
	CONSTRAINT "recall_postings_pkey" PRIMARY KEY("user_id","term","document_id")
);
--> statement-breakpoint
ALTER TABLE "recall_postings" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "recall_statistics" (
	"user_id" uuid NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"document_count" integer NOT NULL,
	"total_length" bigint NOT NULL,
	CONSTRAINT "recall_statistics_pkey" PRIMARY KEY("user_id")
);
--> statement-breakpoint
ALTER TABLE "recall_statistics" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "recall_terms" (
	"user_id" uuid NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"term" text COLLATE "C" NOT NULL,
	"document_count" integer NOT NULL,
	CONSTRAINT "recall_terms_pkey" PRIMARY KEY("user_id","term")
);
--> statement-breakpoint
ALTER TABLE "recall_terms" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "recall_documents" ADD CONSTRAINT "recall_documents_user_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "recall_documents" ADD CONSTRAINT "recall_documents_message_fk" FOREIGN KEY ("user_id","message_id") REFERENCES "public"."messages"("user_id","id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "recall_documents" ADD CONSTRAINT "recall_documents_fact_fk" FOREIGN KEY ("user_id","fact_id") REFERENCES "public"."facts"("user_id","id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "recall_names" ADD CONSTRAINT "recall_names_user_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "recall_names" ADD CONSTRAINT "recall_names_entity_fk" FOREIGN KEY ("user_id","entity_id") REFERENCES "public"."entities"("user_id","id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "recall_postings" ADD CONSTRAINT "recall_postings_user_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "recall_postings" ADD CONSTRAINT "recall_postings_document_fk" FOREIGN KEY ("user_id","document_id") REFERENCES "public"."recall_documents"("user_id","id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "recall_statistics" ADD CONSTRAINT "recall_statistics_user_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "recall_terms" ADD CONSTRAINT "recall_terms_user_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "recall_documents_message_index" ON "recall_documents" USING btree ("user_id","message_id");--> statement-breakpoint
CREATE INDEX "recall_documents_fact_index" ON "recall_documents" USING btree ("user_id","fact_id");--> statement-breakpoint
CREATE INDEX "recall_documents_conversation_index" ON "recall_documents" USING btree ("user_id","conversation_id","at","id");--> statement-breakpoint
CREATE INDEX "recall_names_entity_index" ON "recall_names" USING btree ("user_id","entity_id");--> statement-breakpoint
CREATE INDEX "recall_postings_document_index" ON "recall_postings" USING btree ("user_id","document_id");--> statement-breakpoint
CREATE POLICY "own_rows" ON "recall_documents" AS PERMISSIVE FOR ALL TO "mema_app" USING (user_id = nullif(current_setting('app.user_id'::text, true), ''::text)::uuid) WITH CHECK (user_id = nullif(current_setting('app.user_id'::text, true), ''::text)::uuid);--> statement-breakpoint
CREATE POLICY "own_rows" ON "recall_names" AS PERMISSIVE FOR ALL TO "mema_app" USING (user_id = nullif(current_setting('app.user_id'::text, true), ''::text)::uuid) WITH CHECK (user_id = nullif(current_setting('app.user_id'::text, true), ''::text)::uuid);--> statement-breakpoint
CREATE POLICY "own_rows" ON "recall_postings" AS PERMISSIVE FOR ALL TO "mema_app" USING (user_id = nullif(current_setting('app.user_id'::text, true), ''::text)::uuid) WITH CHECK (user_id = nullif(current_setting('app.user_id'::text, true), ''::text)::uuid);--> statement-breakpoint
CREATE POLICY "own_rows" ON "recall_statistics" AS PERMISSIVE FOR ALL TO "mema_app" USING (user_id = nullif(current_setting('app.user_id'::text, true), ''::text)::uuid) WITH CHECK (user_id = nullif(current_setting('app.user_id'::text, true), ''::text)::uuid);--> statement-breakpoint
CREATE POLICY "own_rows" ON "recall_terms" AS PERMISSIVE FOR ALL TO "mema_app" USING (user_id = nullif(current_setting('app.user_id'::text, true), ''::text)::uuid) WITH CHECK (user_id = nullif(current_setting('app.user_id'::text, true), ''::text)::uuid);