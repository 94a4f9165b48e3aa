CREATE TABLE "history" (
	"seq" integer PRIMARY KEY NOT NULL,
	"key" text NOT NULL,
	"kind" text NOT NULL,
	"action" text NOT NULL,
	"subject" text NOT NULL,
	"at" timestamp (3) with time zone NOT NULL,
	"chained_at" timestamp (3) with time zone NOT NULL,
	"who" text NOT NULL,
	"reason" text NOT NULL,
	"summary" text NOT NULL,
	"body" jsonb NOT NULL,
	"key_id" text NOT NULL,
	"prev_hash" text NOT NULL,
	"hash" text NOT NULL
);
--> statement-breakpoint
CREATE TABLE "notifications" (
	"id" text PRIMARY KEY NOT NULL,
	"ordinal" serial NOT NULL,
	"channel" text NOT NULL,
	"kind" text NOT NULL,
	"subject" text NOT NULL,
	"title" text NOT NULL,
	"payload" jsonb NOT NULL,
	"state" text NOT NULL,
	"attempts" integer NOT NULL,
	"created_at" timestamp with time zone NOT NULL,
	"next_at" timestamp with time zone NOT NULL,
	"tried_at" timestamp with time zone,
	"sent_at" timestamp with time zone,
	"last_error" text
);
--> statement-breakpoint
CREATE UNIQUE INDEX "history_key" ON "history" USING btree ("key");--> statement-breakpoint
CREATE UNIQUE INDEX "history_prev" ON "history" USING btree ("prev_hash");--> statement-breakpoint
CREATE INDEX "history_kind" ON "history" USING btree ("kind","seq");--> statement-breakpoint
CREATE INDEX "notifications_due" ON "notifications" USING btree ("channel","state","next_at");--> statement-breakpoint
CREATE INDEX "notifications_order" ON "notifications" USING btree ("ordinal");--> statement-breakpoint
CREATE INDEX "notifications_kind" ON "notifications" USING btree ("kind","ordinal");
--> statement-breakpoint
-- By hand from here. History is append-only for everyone, the table's owner included, short of
-- dropping this trigger; what is done after that shows in the chain.
CREATE FUNCTION refuse_history_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	RAISE EXCEPTION 'history is append-only: % is refused', TG_OP USING ERRCODE = 'restrict_violation';
END
$$;--> statement-breakpoint
CREATE TRIGGER history_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON "history"
	FOR EACH STATEMENT EXECUTE FUNCTION refuse_history_change();
