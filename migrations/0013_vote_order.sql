DROP VIEW "public"."standing_votes";--> statement-breakpoint
CREATE VIEW "public"."standing_votes" AS (
  SELECT DISTINCT ON (interaction_id, visitor_id, kind)
         kind, interaction_id, visitor_id, event_id, feedback_type, feedback_value, at
    FROM (SELECT CASE WHEN feedback_type IN ('thumbs_up', 'thumbs_down') THEN 'thumb'
                      ELSE feedback_type END AS kind,
                 interaction_id, visitor_id, event_id, feedback_type, feedback_value, at, received_at
            FROM feedback_events
           WHERE source = 'explicit') AS votes
   ORDER BY interaction_id, visitor_id, kind, at DESC, received_at DESC, event_id DESC);