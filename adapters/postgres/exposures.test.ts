// Which exposures a batch of answers holds, whatever its order.

import { expect, test } from 'vitest';
import { type InteractionEvent, interactionEventSchema } from '../../core/wire/events.ts';
import { exposuresOf } from './exposures.ts';

const T0 = Date.parse('2026-10-14T10:00:00Z');
const answer = (over: Partial<InteractionEvent>): InteractionEvent =>
  interactionEventSchema.parse({
    kind: 'interaction',
    v: 1,
    interaction_id: '018f0000-0000-7000-8000-000000000000',
    visitor_id: 'visitor-1',
    session_id: 'session-1',
    trace_id: 'trace-1',
    query: 'question',
    history_turns: 0,
    response: 'answer',
    sources: [],
    retrieval_possible: false,
    prompt_version: 'v1',
    model_served: 'base',
    model_assigned: 'base',
    arm: 'control',
    experiment_id: 'exp-1',
    share_bp: 1_000,
    routing_version: 1,
    status: 'complete',
    error_code: null,
    prompt_tokens: null,
    completion_tokens: null,
    first_token_ms: null,
    total_ms: 1,
    training_opt_out: false,
    platform: 'homepage',
    created_at: T0,
    ...over,
  });

test('one for each visitor, experiment and stage, at the earliest of its answers', () => {
  const events = [
    answer({ created_at: T0 + 5 }),
    answer({ created_at: T0 }),
    answer({ created_at: T0 + 9 }),
    answer({ share_bp: 2_500, arm: 'treatment', created_at: T0 + 10 }),
    answer({ visitor_id: 'visitor-0' }),
    answer({ experiment_id: 'exp-2' }),
    answer({ stratum: 1, created_at: T0 + 11 }),
  ];
  const found = exposuresOf(events);
  expect(found).toHaveLength(5);
  expect(found).toContainEqual({
    visitorId: 'visitor-1',
    experimentId: 'exp-1',
    stratum: 0,
    shareBp: 1_000,
    arm: 'control',
    firstAt: new Date(T0),
  });
  expect(exposuresOf(events.toReversed())).toEqual(found);
});

test('outside experiments, and in messages from before stages were sent, there is none', () => {
  expect(exposuresOf([answer({ arm: 'none', experiment_id: null, share_bp: null })])).toEqual([]);
  expect(exposuresOf([answer({ share_bp: undefined })])).toEqual([]);
  expect(exposuresOf([])).toEqual([]);
});

test('an answer that failed is an exposure too', () => {
  expect(exposuresOf([answer({ status: 'error' })])).toHaveLength(1);
});
