CREATE TABLE "ops"."isolation_proofs" (
	"id" uuid PRIMARY KEY NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"ok" boolean NOT NULL,
	"engine" text NOT NULL,
	"postgres_version" text NOT NULL,
	"rules" integer NOT NULL,
	"findings" integer NOT NULL,
	"proof" jsonb NOT NULL
);
