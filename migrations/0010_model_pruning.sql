ALTER TABLE "models" ADD COLUMN "artifacts_pruned_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "models" ADD COLUMN "artifacts_deleted_at" timestamp with time zone;