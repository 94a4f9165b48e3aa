CREATE TABLE "exposures" (
	"visitor_id" text NOT NULL,
	"experiment_id" text NOT NULL,
	"share_bp" integer NOT NULL,
	"arm" text NOT NULL,
	"first_at" timestamp with time zone NOT NULL,
	CONSTRAINT "exposures_visitor_id_experiment_id_share_bp_pk" PRIMARY KEY("visitor_id","experiment_id","share_bp")
);
--> statement-breakpoint
ALTER TABLE "interactions" ADD COLUMN "assigned_failure" text;--> statement-breakpoint
ALTER TABLE "interactions" ADD COLUMN "fault" text;--> statement-breakpoint
CREATE INDEX "exposures_experiment" ON "exposures" USING btree ("experiment_id","share_bp","arm");