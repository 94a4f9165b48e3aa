CREATE TABLE "rollouts" (
	"id" text PRIMARY KEY NOT NULL,
	"ordinal" serial NOT NULL,
	"request_id" text NOT NULL,
	"candidate" text NOT NULL,
	"policy" jsonb NOT NULL,
	"plan" jsonb NOT NULL,
	"status" text NOT NULL,
	"state" jsonb NOT NULL,
	"reason" text NOT NULL,
	"created_at" timestamp with time zone NOT NULL,
	"updated_at" timestamp with time zone NOT NULL,
	"next_look_at" timestamp with time zone
);
--> statement-breakpoint
CREATE UNIQUE INDEX "rollouts_request" ON "rollouts" USING btree ("request_id");--> statement-breakpoint
CREATE INDEX "rollouts_due" ON "rollouts" USING btree ("next_look_at") WHERE "rollouts"."next_look_at" is not null;--> statement-breakpoint
CREATE INDEX "rollouts_ordinal" ON "rollouts" USING btree ("ordinal");--> statement-breakpoint
CREATE INDEX "interactions_arrivals" ON "interactions" USING btree ("experiment_id","arm","created_at") WHERE "interactions"."experiment_id" is not null;