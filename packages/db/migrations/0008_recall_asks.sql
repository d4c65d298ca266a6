ALTER TABLE "recall_documents" ADD COLUMN "asks" boolean DEFAULT false NOT NULL;--> statement-breakpoint
UPDATE "recall_documents" d SET "asks" = true FROM "messages" m
  WHERE m."user_id" = d."user_id" AND m."id" = d."message_id" AND m."content" ~ '[?？؟]["''”’»)\s]*(\[[^\]]*\]\s*)?$';
