CREATE EXTENSION IF NOT EXISTS vector;--> statement-breakpoint
CREATE TABLE "agents" (
	"id" text PRIMARY KEY NOT NULL,
	"seen_at" timestamp with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "dataset_members" (
	"dataset_id" text NOT NULL,
	"interaction_id" uuid NOT NULL,
	"phrasing_id" text NOT NULL,
	"source" text NOT NULL,
	"feedback_event_id" uuid,
	"split" text NOT NULL,
	"quality_raw" double precision NOT NULL,
	"replayed_from" text,
	CONSTRAINT "dataset_members_dataset_id_interaction_id_source_pk" PRIMARY KEY("dataset_id","interaction_id","source")
);
--> statement-breakpoint
CREATE TABLE "dataset_pairs" (
	"dataset_id" text NOT NULL,
	"pair_id" text NOT NULL,
	"chosen_interaction_id" uuid NOT NULL,
	"rejected_interaction_id" uuid NOT NULL,
	"source" text NOT NULL,
	"margin" double precision NOT NULL,
	"split" text NOT NULL,
	CONSTRAINT "dataset_pairs_dataset_id_pair_id_pk" PRIMARY KEY("dataset_id","pair_id")
);
--> statement-breakpoint
CREATE TABLE "datasets" (
	"id" text PRIMARY KEY NOT NULL,
	"window_start" timestamp with time zone NOT NULL,
	"window_end" timestamp with time zone NOT NULL,
	"status" text NOT NULL,
	"counts" jsonb NOT NULL,
	"files" jsonb NOT NULL,
	"manifest_sha256" text,
	"created_at" timestamp with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "feedback_events" (
	"event_id" uuid PRIMARY KEY NOT NULL,
	"interaction_id" uuid NOT NULL,
	"visitor_id" text NOT NULL,
	"source" text NOT NULL,
	"feedback_type" text NOT NULL,
	"feedback_value" double precision,
	"corrected_response" text,
	"correction_type" text,
	"model_version" text NOT NULL,
	"metadata" jsonb NOT NULL,
	"at" timestamp with time zone NOT NULL,
	"received_at" timestamp with time zone NOT NULL,
	"review_status" text,
	"reviewed_at" timestamp with time zone,
	"reviewed_by" text,
	"review_note" text
);
--> statement-breakpoint
CREATE TABLE "interactions" (
	"interaction_id" uuid PRIMARY KEY NOT NULL,
	"visitor_id" text NOT NULL,
	"session_id" text NOT NULL,
	"trace_id" text NOT NULL,
	"query" text NOT NULL,
	"history_turns" integer NOT NULL,
	"response" text NOT NULL,
	"sources" jsonb NOT NULL,
	"retrieval_possible" boolean NOT NULL,
	"prompt_version" text NOT NULL,
	"model_served" text NOT NULL,
	"model_assigned" text NOT NULL,
	"arm" text NOT NULL,
	"experiment_id" text,
	"routing_version" integer NOT NULL,
	"status" text NOT NULL,
	"error_code" text,
	"prompt_tokens" integer,
	"completion_tokens" integer,
	"first_token_ms" integer,
	"total_ms" integer NOT NULL,
	"training_opt_out" boolean NOT NULL,
	"platform" text NOT NULL,
	"created_at" timestamp with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "models" (
	"id" text PRIMARY KEY NOT NULL,
	"display" text NOT NULL,
	"base" text NOT NULL,
	"parent" text,
	"dataset_id" text,
	"job_id" uuid,
	"status" text NOT NULL,
	"reason" text NOT NULL,
	"metrics" jsonb NOT NULL,
	"artifacts" jsonb NOT NULL,
	"git_commit" text,
	"created_at" timestamp with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "question_groups" (
	"id" text PRIMARY KEY NOT NULL,
	"ordinal" serial NOT NULL,
	"topic" text NOT NULL,
	"split" text NOT NULL,
	"first_seen_at" timestamp with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "question_phrasings" (
	"id" text PRIMARY KEY NOT NULL,
	"group_id" text NOT NULL,
	"text" text NOT NULL,
	"embedding" vector(384) NOT NULL,
	"ordinal_in_group" integer NOT NULL,
	"split" text NOT NULL,
	"first_seen_at" timestamp with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "routing_history" (
	"version" integer PRIMARY KEY NOT NULL,
	"at" timestamp with time zone NOT NULL,
	"who" text NOT NULL,
	"action" text NOT NULL,
	"reason" text NOT NULL,
	"summary" text NOT NULL,
	"from_table" jsonb NOT NULL,
	"to_table" jsonb NOT NULL
);
--> statement-breakpoint
CREATE TABLE "system_prompts" (
	"version" text PRIMARY KEY NOT NULL,
	"body" text NOT NULL
);
--> statement-breakpoint
CREATE TABLE "training_jobs" (
	"id" uuid PRIMARY KEY NOT NULL,
	"dataset_id" text NOT NULL,
	"iteration" integer NOT NULL,
	"model_id" text NOT NULL,
	"base" text NOT NULL,
	"parent" text NOT NULL,
	"status" text NOT NULL,
	"attempt" integer NOT NULL,
	"max_attempts" integer NOT NULL,
	"agent_id" text,
	"lease_expires_at" timestamp with time zone,
	"cancel_requested" boolean NOT NULL,
	"has_checkpoint" boolean NOT NULL,
	"progress" jsonb,
	"verdict" jsonb,
	"error" jsonb,
	"losses" jsonb,
	"created_at" timestamp with time zone NOT NULL,
	"finished_at" timestamp with time zone
);
--> statement-breakpoint
CREATE TABLE "visitors" (
	"id" text PRIMARY KEY NOT NULL,
	"first_seen_at" timestamp with time zone NOT NULL,
	"last_seen_at" timestamp with time zone NOT NULL
);
--> statement-breakpoint
ALTER TABLE "dataset_members" ADD CONSTRAINT "dataset_members_dataset_id_datasets_id_fk" FOREIGN KEY ("dataset_id") REFERENCES "public"."datasets"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "dataset_pairs" ADD CONSTRAINT "dataset_pairs_dataset_id_datasets_id_fk" FOREIGN KEY ("dataset_id") REFERENCES "public"."datasets"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "question_phrasings" ADD CONSTRAINT "question_phrasings_group_id_question_groups_id_fk" FOREIGN KEY ("group_id") REFERENCES "public"."question_groups"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "training_jobs" ADD CONSTRAINT "training_jobs_dataset_id_datasets_id_fk" FOREIGN KEY ("dataset_id") REFERENCES "public"."datasets"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "members_interaction" ON "dataset_members" USING btree ("interaction_id");--> statement-breakpoint
CREATE INDEX "feedback_interaction" ON "feedback_events" USING btree ("interaction_id");--> statement-breakpoint
CREATE INDEX "feedback_received" ON "feedback_events" USING btree ("received_at");--> statement-breakpoint
CREATE INDEX "feedback_review" ON "feedback_events" USING btree ("review_status","received_at");--> statement-breakpoint
CREATE INDEX "feedback_reviewed" ON "feedback_events" USING btree ("reviewed_at");--> statement-breakpoint
CREATE INDEX "interactions_created" ON "interactions" USING btree ("created_at","interaction_id");--> statement-breakpoint
CREATE INDEX "interactions_model" ON "interactions" USING btree ("model_served","created_at");--> statement-breakpoint
CREATE INDEX "interactions_visitor" ON "interactions" USING btree ("visitor_id");--> statement-breakpoint
CREATE INDEX "phrasings_nearest" ON "question_phrasings" USING hnsw ("embedding" vector_cosine_ops);--> statement-breakpoint
CREATE UNIQUE INDEX "phrasings_place" ON "question_phrasings" USING btree ("group_id","ordinal_in_group");--> statement-breakpoint
CREATE UNIQUE INDEX "jobs_model" ON "training_jobs" USING btree ("model_id");--> statement-breakpoint
CREATE INDEX "jobs_queue" ON "training_jobs" USING btree ("status","created_at");