// An answer's event as the router makes it, for tests.

import { type InteractionEvent, interactionEventSchema } from '../wire/events.ts';

export const interactionOf = (over: Partial<InteractionEvent>): InteractionEvent =>
  interactionEventSchema.parse({
    kind: 'interaction',
    v: 1,
    interaction_id: crypto.randomUUID(),
    visitor_id: 'visitor-1',
    session_id: 'session-1',
    trace_id: 'trace-1',
    query: 'How do I fix Loki crashes?',
    history_turns: 0,
    response: 'Give Loki more memory and check its disk.',
    sources: [],
    retrieval_possible: false,
    prompt_version: 'v1',
    model_served: 'tiny-sre',
    model_assigned: 'tiny-sre',
    arm: 'none',
    experiment_id: null,
    routing_version: 0,
    status: 'complete',
    error_code: null,
    prompt_tokens: 20,
    completion_tokens: 60,
    first_token_ms: 10,
    total_ms: 100,
    training_opt_out: false,
    platform: 'homepage',
    created_at: Date.parse('2026-10-14T10:00:00Z'),
    ...over,
  });
