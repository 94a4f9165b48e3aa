CREATE TABLE "answer_settings" (
	"id" text PRIMARY KEY NOT NULL,
	"name" text NOT NULL,
	"body_hash" text NOT NULL,
	"body" jsonb NOT NULL,
	"created_at" timestamp with time zone NOT NULL,
	"created_by" text NOT NULL,
	"reason" text NOT NULL
);
--> statement-breakpoint
ALTER TABLE "interactions" ADD COLUMN "settings_id" text;--> statement-breakpoint
CREATE INDEX "answer_settings_created" ON "answer_settings" USING btree ("created_at");--> statement-breakpoint
-- By hand from here. What an answer was given under stays as it was, for everyone, short of dropping this trigger.
CREATE FUNCTION refuse_settings_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	RAISE EXCEPTION 'answer settings never change: % is refused', TG_OP USING ERRCODE = 'restrict_violation';
END
$$;--> statement-breakpoint
CREATE TRIGGER answer_settings_never_change BEFORE UPDATE OR DELETE OR TRUNCATE ON "answer_settings"
	FOR EACH STATEMENT EXECUTE FUNCTION refuse_settings_change();
