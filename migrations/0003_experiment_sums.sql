CREATE TABLE "experiment_appearances" (
	"experiment_id" text NOT NULL,
	"stratum" integer NOT NULL,
	"share_bp" integer NOT NULL,
	"last_share_bp" integer NOT NULL,
	"arm" text NOT NULL,
	"users" bigint NOT NULL,
	CONSTRAINT "experiment_appearances_pk" PRIMARY KEY("experiment_id","stratum","share_bp","last_share_bp","arm")
);
--> statement-breakpoint
CREATE TABLE "experiment_arm_users" (
	"experiment_id" text NOT NULL,
	"metric" text NOT NULL,
	"stratum" integer NOT NULL,
	"arm" text NOT NULL,
	"users" bigint NOT NULL,
	CONSTRAINT "experiment_arm_users_pk" PRIMARY KEY("experiment_id","metric","stratum","arm")
);
--> statement-breakpoint
CREATE TABLE "experiment_histograms" (
	"experiment_id" text NOT NULL,
	"latency" text NOT NULL,
	"stratum" integer NOT NULL,
	"share_bp" integer NOT NULL,
	"arm" text NOT NULL,
	"bucket" integer NOT NULL,
	"answers" bigint NOT NULL,
	CONSTRAINT "experiment_histograms_pk" PRIMARY KEY("experiment_id","latency","stratum","share_bp","arm","bucket")
);
--> statement-breakpoint
CREATE TABLE "experiment_moments" (
	"experiment_id" text NOT NULL,
	"metric" text NOT NULL,
	"stratum_a" integer NOT NULL,
	"share_a" integer NOT NULL,
	"arm_a" text NOT NULL,
	"stratum_b" integer NOT NULL,
	"share_b" integer NOT NULL,
	"arm_b" text NOT NULL,
	"users" bigint NOT NULL,
	"yy" bigint NOT NULL,
	"yn" bigint NOT NULL,
	"ny" bigint NOT NULL,
	"nn" bigint NOT NULL,
	CONSTRAINT "experiment_moments_pk" PRIMARY KEY("experiment_id","metric","stratum_a","share_a","arm_a","stratum_b","share_b","arm_b")
);
--> statement-breakpoint
CREATE TABLE "experiment_thresholds" (
	"experiment_id" text NOT NULL,
	"latency" text NOT NULL,
	"threshold_us" bigint NOT NULL,
	"answers" integer NOT NULL,
	"counted_after" timestamp with time zone NOT NULL,
	CONSTRAINT "experiment_thresholds_pk" PRIMARY KEY("experiment_id","latency")
);
--> statement-breakpoint
CREATE TABLE "experiment_totals" (
	"experiment_id" text NOT NULL,
	"metric" text NOT NULL,
	"stratum" integer NOT NULL,
	"share_bp" integer NOT NULL,
	"arm" text NOT NULL,
	"users" bigint NOT NULL,
	"n" bigint NOT NULL,
	"y" bigint NOT NULL,
	CONSTRAINT "experiment_totals_pk" PRIMARY KEY("experiment_id","metric","stratum","share_bp","arm")
);
--> statement-breakpoint
CREATE TABLE "experiment_visitors" (
	"visitor_id" text NOT NULL,
	"experiment_id" text NOT NULL,
	"stratum" integer NOT NULL,
	"share_bp" integer NOT NULL,
	"arm" text NOT NULL,
	"metric" text NOT NULL,
	"n" integer NOT NULL,
	"y" integer NOT NULL,
	CONSTRAINT "experiment_visitors_pk" PRIMARY KEY("visitor_id","experiment_id","stratum","share_bp","arm","metric")
);
--> statement-breakpoint
CREATE TABLE "visitor_people" (
	"visitor_id" text PRIMARY KEY NOT NULL,
	"person_id" text NOT NULL,
	"at" timestamp with time zone NOT NULL
);
--> statement-breakpoint
DROP INDEX "interactions_visitor";--> statement-breakpoint
ALTER TABLE "exposures" DROP CONSTRAINT "exposures_visitor_id_experiment_id_share_bp_pk";--> statement-breakpoint
-- By hand: the generator adds the key before its column.
ALTER TABLE "exposures" ADD COLUMN "stratum" integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "exposures" ADD CONSTRAINT "exposures_visitor_id_experiment_id_stratum_share_bp_pk" PRIMARY KEY("visitor_id","experiment_id","stratum","share_bp");--> statement-breakpoint
ALTER TABLE "interactions" ADD COLUMN "share_bp" integer;--> statement-breakpoint
ALTER TABLE "interactions" ADD COLUMN "stratum" integer;--> statement-breakpoint
CREATE INDEX "visitor_people_person" ON "visitor_people" USING btree ("person_id");--> statement-breakpoint
CREATE INDEX "interactions_visitor" ON "interactions" USING btree ("visitor_id","experiment_id");--> statement-breakpoint
CREATE VIEW "public"."standing_votes" AS (
  SELECT DISTINCT ON (interaction_id, visitor_id, kind)
         kind, interaction_id, visitor_id, event_id, feedback_type, feedback_value, at
    FROM (SELECT CASE WHEN feedback_type IN ('thumbs_up', 'thumbs_down') THEN 'thumb'
                      ELSE feedback_type END AS kind,
                 interaction_id, visitor_id, event_id, feedback_type, feedback_value, at
            FROM feedback_events
           WHERE source = 'explicit') AS votes
   ORDER BY interaction_id, visitor_id, kind, at DESC, event_id DESC);