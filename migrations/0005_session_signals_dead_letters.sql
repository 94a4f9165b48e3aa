CREATE TABLE "dead_letters" (
	"id" uuid PRIMARY KEY NOT NULL,
	"reason" text NOT NULL,
	"body" text NOT NULL,
	"kind" text,
	"interaction_id" text,
	"visitor_id" text,
	"message_id" text NOT NULL,
	"attempts" integer NOT NULL,
	"first_at" timestamp with time zone NOT NULL,
	"last_at" timestamp with time zone NOT NULL,
	"status" text NOT NULL,
	"replayed_at" timestamp with time zone,
	"replayed_by" text
);
--> statement-breakpoint
CREATE INDEX "dead_letters_status" ON "dead_letters" USING btree ("status","first_at","id");--> statement-breakpoint
CREATE INDEX "dead_letters_visitor" ON "dead_letters" USING btree ("visitor_id");--> statement-breakpoint
CREATE INDEX "interactions_session" ON "interactions" USING btree ("session_id","created_at","interaction_id");