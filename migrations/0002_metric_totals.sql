CREATE TABLE "metric_totals" (
	"metric" text NOT NULL,
	"labels" jsonb NOT NULL,
	"shard" smallint NOT NULL,
	"total" double precision NOT NULL,
	CONSTRAINT "metric_totals_metric_labels_shard_pk" PRIMARY KEY("metric","labels","shard")
);
--> statement-breakpoint
-- The same few rows are updated with every batch: room on each page keeps such updates in place.
ALTER TABLE "metric_totals" SET (fillfactor = 50);--> statement-breakpoint
-- What one answer adds. Bounds as in core/metrics.ts; a bucket counts its own values only.
CREATE FUNCTION answer_metrics(
	model text, ending text, cause text, first_ms integer, whole_ms integer, tokens integer
) RETURNS TABLE (metric text, labels jsonb, value double precision) LANGUAGE sql IMMUTABLE AS $$
	WITH timed(name, bounds, seconds) AS (
		SELECT 'answer_first_token_seconds',
			ARRAY[0.05, 0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30]::float8[],
			first_ms / 1000.0::float8
		WHERE first_ms IS NOT NULL
		UNION ALL
		SELECT 'answer_output_token_seconds',
			ARRAY[0.005, 0.01, 0.02, 0.035, 0.05, 0.075, 0.1, 0.2, 0.5, 1]::float8[],
			(whole_ms - first_ms) / 1000.0::float8 / (tokens - 1)
		WHERE ending = 'complete' AND tokens > 1 AND whole_ms >= first_ms
	)
	SELECT 'answers_total', jsonb_build_object('model_version', model, 'status', ending), 1
	UNION ALL
	SELECT 'answer_errors_total', jsonb_build_object('model_version', model, 'error', cause), 1
	WHERE cause IS NOT NULL
	UNION ALL
	SELECT name || '_bucket', jsonb_build_object('model_version', model, 'le',
		coalesce((SELECT min(le) FROM unnest(bounds) AS le WHERE le >= seconds)::text, '+Inf')), 1
	FROM timed
	UNION ALL
	SELECT name || '_sum', jsonb_build_object('model_version', model), seconds FROM timed
$$;--> statement-breakpoint
-- What one feedback event adds. The tier is who sent it, as the visitor's id says.
CREATE FUNCTION feedback_metrics(
	kind text, origin text, sender text, score double precision
) RETURNS TABLE (metric text, labels jsonb, value double precision) LANGUAGE sql IMMUTABLE AS $$
	SELECT 'feedback_events_total', jsonb_build_object('feedback_type', kind, 'user_tier',
		CASE
			WHEN sender = 'operator' OR sender LIKE 'operator:%' THEN 'operator'
			WHEN sender LIKE '%:%' THEN 'api_key'
			ELSE 'visitor'
		END), 1
	UNION ALL
	SELECT 'feedback_score_distribution_bucket', jsonb_build_object('le', coalesce(
		(SELECT min(le) FROM unnest(ARRAY[-1, -0.5, 0, 0.5, 1]::float8[]) AS le WHERE le >= score)::text,
		'+Inf')), 1
	WHERE origin = 'explicit' AND score IS NOT NULL
	UNION ALL
	SELECT 'feedback_score_distribution_sum', '{}'::jsonb, score
	WHERE origin = 'explicit' AND score IS NOT NULL
$$;--> statement-breakpoint
-- In one order everywhere, so that two writers never wait for each other's rows in a circle.
CREATE FUNCTION count_answers() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO metric_totals AS known (metric, labels, shard, total)
	SELECT part.metric, part.labels, pg_backend_pid() % 8, sum(part.value)
	FROM added, answer_metrics(added.model_served, added.status, added.error_code,
		added.first_token_ms, added.total_ms, added.completion_tokens) AS part
	GROUP BY 1, 2 ORDER BY 1, 2
	ON CONFLICT (metric, labels, shard) DO UPDATE SET total = known.total + excluded.total;
	RETURN NULL;
END
$$;--> statement-breakpoint
CREATE FUNCTION count_feedback() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO metric_totals AS known (metric, labels, shard, total)
	SELECT part.metric, part.labels, pg_backend_pid() % 8, sum(part.value)
	FROM added, feedback_metrics(added.feedback_type, added.source, added.visitor_id,
		added.feedback_value) AS part
	GROUP BY 1, 2 ORDER BY 1, 2
	ON CONFLICT (metric, labels, shard) DO UPDATE SET total = known.total + excluded.total;
	RETURN NULL;
END
$$;--> statement-breakpoint
-- Creating a trigger locks out writers until the migration ends, so what is there is counted once.
CREATE TRIGGER interactions_counted AFTER INSERT ON "interactions"
	REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION count_answers();--> statement-breakpoint
CREATE TRIGGER feedback_counted AFTER INSERT ON "feedback_events"
	REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION count_feedback();--> statement-breakpoint
INSERT INTO metric_totals (metric, labels, shard, total)
SELECT part.metric, part.labels, 0, sum(part.value)
FROM interactions AS held, answer_metrics(held.model_served, held.status, held.error_code,
	held.first_token_ms, held.total_ms, held.completion_tokens) AS part
GROUP BY 1, 2;--> statement-breakpoint
INSERT INTO metric_totals (metric, labels, shard, total)
SELECT part.metric, part.labels, 0, sum(part.value)
FROM feedback_events AS held, feedback_metrics(held.feedback_type, held.source, held.visitor_id,
	held.feedback_value) AS part
GROUP BY 1, 2;
