CREATE TABLE "erasures" (
	"id" uuid PRIMARY KEY NOT NULL,
	"visitor_hash" text NOT NULL,
	"visitor_id" text,
	"pseudonym" text NOT NULL,
	"at" timestamp with time zone NOT NULL,
	"who" text NOT NULL,
	"reason" text NOT NULL,
	"state" text NOT NULL,
	"answers" jsonb NOT NULL,
	"sessions" jsonb NOT NULL,
	"phrasings" jsonb NOT NULL,
	"counts" jsonb NOT NULL,
	"problem" text,
	"completed_at" timestamp with time zone
);
--> statement-breakpoint
CREATE TABLE "model_flags" (
	"model_id" text NOT NULL,
	"dataset_id" text NOT NULL,
	"erasure_id" uuid NOT NULL,
	"reason" text NOT NULL,
	"at" timestamp with time zone NOT NULL,
	CONSTRAINT "model_flags_model_id_erasure_id_dataset_id_pk" PRIMARY KEY("model_id","erasure_id","dataset_id")
);
--> statement-breakpoint
CREATE TABLE "phrasing_askers" (
	"phrasing_id" text NOT NULL,
	"visitor_id" text NOT NULL,
	"asked_at" timestamp with time zone NOT NULL,
	CONSTRAINT "phrasing_askers_phrasing_id_visitor_id_pk" PRIMARY KEY("phrasing_id","visitor_id")
);
--> statement-breakpoint
CREATE TABLE "work_leases" (
	"name" text PRIMARY KEY NOT NULL,
	"holder" text NOT NULL,
	"until" timestamp with time zone NOT NULL
);
--> statement-breakpoint
ALTER TABLE "question_phrasings" ALTER COLUMN "text" DROP NOT NULL;--> statement-breakpoint
ALTER TABLE "question_phrasings" ALTER COLUMN "embedding" DROP NOT NULL;--> statement-breakpoint
ALTER TABLE "datasets" ADD COLUMN "revision" integer DEFAULT 1 NOT NULL;--> statement-breakpoint
ALTER TABLE "datasets" ADD COLUMN "superseded" jsonb DEFAULT '[]'::jsonb NOT NULL;--> statement-breakpoint
ALTER TABLE "feedback_events" ADD COLUMN "text_removed_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "interactions" ADD COLUMN "text_removed_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "visitors" ADD COLUMN "training_opt_out_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "model_flags" ADD CONSTRAINT "model_flags_model_id_models_id_fk" FOREIGN KEY ("model_id") REFERENCES "public"."models"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "phrasing_askers" ADD CONSTRAINT "phrasing_askers_phrasing_id_question_phrasings_id_fk" FOREIGN KEY ("phrasing_id") REFERENCES "public"."question_phrasings"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE UNIQUE INDEX "erasures_visitor" ON "erasures" USING btree ("visitor_hash");--> statement-breakpoint
CREATE INDEX "erasures_state" ON "erasures" USING btree ("state","at");--> statement-breakpoint
CREATE INDEX "askers_visitor" ON "phrasing_askers" USING btree ("visitor_id");--> statement-breakpoint
CREATE INDEX "feedback_visitor" ON "feedback_events" USING btree ("visitor_id","received_at");--> statement-breakpoint
CREATE INDEX "feedback_with_text" ON "feedback_events" USING btree ("received_at") WHERE "feedback_events"."text_removed_at" is null;--> statement-breakpoint
CREATE INDEX "interactions_with_text" ON "interactions" USING btree ("created_at") WHERE "interactions"."text_removed_at" is null;
--> statement-breakpoint
-- Written by hand from here on.
CREATE FUNCTION visitor_hash(id text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
	SELECT encode(sha256(convert_to(id, 'UTF8')), 'hex')
$$;--> statement-breakpoint
-- Which of these visitors (a JSON list) are erased. The recorder asks this first of all: the lock, held until its
-- transaction ends, makes an erasure wait for whoever did not see its tombstone, so that nothing is written behind
-- its back. The lookup is a statement of its own, because it must see what was committed while the lock was awaited.
CREATE FUNCTION erased_among(ids jsonb) RETURNS TABLE (id text) LANGUAGE plpgsql VOLATILE AS $$
BEGIN
	PERFORM pg_advisory_xact_lock_shared(4217001);
	RETURN QUERY SELECT given FROM jsonb_array_elements_text(ids) AS given
		WHERE EXISTS (SELECT FROM erasures AS buried WHERE buried.visitor_hash = visitor_hash(given));
END
$$;--> statement-breakpoint
-- The other side of that lock.
CREATE FUNCTION await_recorders() RETURNS void LANGUAGE sql VOLATILE AS $$
	SELECT pg_advisory_xact_lock(4217001)
$$;--> statement-breakpoint
-- Who asked a phrasing was not kept so far; what datasets took is known.
INSERT INTO phrasing_askers (phrasing_id, visitor_id, asked_at)
SELECT phrasing.id, answer.visitor_id, max(answer.created_at)
FROM dataset_members AS member
JOIN interactions AS answer ON answer.interaction_id = member.interaction_id
JOIN question_phrasings AS phrasing ON phrasing.id = member.phrasing_id
GROUP BY 1, 2;
