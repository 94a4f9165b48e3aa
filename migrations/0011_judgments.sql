CREATE TABLE "experiment_judges" (
	"experiment_id" text PRIMARY KEY NOT NULL,
	"judge" text NOT NULL,
	"model" text,
	"rate" double precision NOT NULL,
	"fixed_at" timestamp with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "judgments" (
	"interaction_id" uuid NOT NULL,
	"judge" text NOT NULL,
	"model" text,
	"state" text NOT NULL,
	"unsupported" jsonb NOT NULL,
	"attempt" integer NOT NULL,
	"agent_id" text,
	"lease_expires_at" timestamp with time zone,
	"created_at" timestamp with time zone NOT NULL,
	"judged_at" timestamp with time zone,
	"measurement_id" uuid,
	"planted" jsonb,
	CONSTRAINT "judgments_pk" PRIMARY KEY("interaction_id","judge")
);
--> statement-breakpoint
CREATE INDEX "judgments_open" ON "judgments" USING btree ("model","created_at") WHERE "judgments"."state" IN ('waiting', 'leased');--> statement-breakpoint
CREATE INDEX "judgments_measured" ON "judgments" USING btree ("judge","created_at") WHERE "judgments"."measurement_id" IS NOT NULL;