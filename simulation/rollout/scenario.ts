// A scenario of the rollout simulator: what visitors do, how the candidate differs, what goes wrong.
// A JSON file with these keys, all optional but the name; see bench/decisions/README.md.

import { z } from 'zod';
import { voteBoundsSchema } from '../../core/learning-config.ts';
import { PROMOTE_ON } from '../../core/statistics/policy.ts';

const rate = z.number().min(0).max(1);
const positive = z.number().positive();

const arm = {
  /** Share of up among up and down. */
  thumbs_up: rate,
  /** Share of answers that fail by the model's own fault. */
  error: rate,
  /** Share of judged answers with something their sources do not say. */
  hallucination: rate,
  /** Quantiles of the log-normal time to the first token, in seconds. */
  first_token_p95: positive,
  first_token_p99: positive,
  /** Median time for each further token, in seconds; spread as the first token's. */
  output_token_p50: positive,
  /** Chance that a satisfied, and a dissatisfied, visitor says so. */
  votes_when_up: rate,
  votes_when_down: rate,
};

/** What scenarios that say nothing else have. */
const USUAL = {
  thumbs_up: 0.723,
  error: 0.0084,
  hallucination: 0.0212,
  first_token_p95: 1.82,
  first_token_p99: 3.45,
  output_token_p50: 0.03,
  votes_when_up: 0.24,
  votes_when_down: 0.24,
};

const givenArm = z.strictObject(arm).partial();
const armSchema = givenArm
  .transform((given) => ({ ...USUAL, ...given }))
  .pipe(z.strictObject(arm))
  .refine((value) => value.first_token_p99 > value.first_token_p95, {
    error: 'first_token_p99 must be above first_token_p95',
    path: ['first_token_p99'],
  });
export type ArmBehaviour = z.infer<typeof armSchema>;

export const scenarioSchema = z.strictObject({
  name: z.string().regex(/^[a-z0-9-]+$/, 'expected lower-case words joined by hyphens'),
  what: z.string().default(''),
  /** What ought to happen, for the summary: what the goal of the scenario counts. */
  expect: z
    .strictObject({
      outcome: z.enum([
        'rolled_back',
        'entered_last_stage',
        'promoted',
        'frozen',
        'stepped_in_outage',
      ]),
      at_least: rate.optional(),
      at_most: rate.optional(),
    })
    .array()
    .default([]),
  days: z.int().min(1).max(60).default(14),
  users_per_day: z.int().min(1).max(1_000_000).default(10_000),
  /** Answers of a visitor on a day they come: one and a Poisson number more. */
  answers_per_visit: z.number().min(1).max(100).default(5),
  /** Chance that a visitor of one day comes again on the next. */
  returning: rate.default(0.3),
  /** Saturday and Sunday have this share of a weekday's visitors. */
  weekend: positive.max(10).default(1),
  /** Correlation of one visitor's answers with each other (ICC). */
  correlation: z
    .strictObject({
      thumbs_up: rate.default(0.2),
      error: rate.default(0.05),
      hallucination: rate.default(0.05),
      latency: rate.default(0.3),
    })
    .prefault({}),
  /** Share of all answers that are judged, spread so that both arms get equally many. */
  judged: rate.default(0.1),
  control: armSchema.prefault({}),
  /** Only what differs from control. */
  treatment: givenArm.default({}),
  /** Hours after the start at which the difference in thumbs has faded to nothing, linearly. */
  novelty_hours: positive.optional(),
  /** Votes are recorded this many hours after they were given. */
  feedback_delay_hours: z.number().min(0).max(72).default(0),
  /** Share of treatment's visitors that are never recorded: a broken split. */
  lost_treatment: rate.default(0),
  /** Nothing is recorded for these hours; what happened then is lost. */
  outage: z.strictObject({ from_hour: z.number().min(0), hours: positive }).optional(),
  /** Share of visitors who are scripts and vote at every answer. */
  scripted: rate.default(0),
  /** Scripts that know their arm vote for one of the two; others vote everything down. */
  scripts_know_arm: z.boolean().default(false),
  scripts_favour: z.enum(['control', 'treatment']).default('control'),
  /** Answers of a script on a visit; as many as any visitor's where it is not given. */
  scripts_answers: z.int().min(1).max(1_000).optional(),
  /** How long a script keeps its identity; a fresh one is assigned anew. */
  scripts_identity: z.enum(['kept', 'each_visit', 'each_answer']).default('kept'),
  /** As `ab_testing.min_identity_age_seconds`: whose first question is asked outside the experiment. */
  min_identity_age_seconds: z.int().min(0).default(0),
  /** What counts of one visitor's votes, as in learning.yaml. */
  bounds: voteBoundsSchema.prefault({}),
  policy: z.enum(['sequential', 'literal']).default('sequential'),
  promote_on: z.enum(PROMOTE_ON).default('improvement'),
});
export type Scenario = z.infer<typeof scenarioSchema>;

/** How treatment's visitors fare: control's behaviour with the scenario's differences. */
export function treatmentOf(scenario: Scenario): ArmBehaviour {
  const given = Object.fromEntries(
    Object.entries(scenario.treatment).filter(([, value]) => value !== undefined),
  );
  return armSchema.parse({ ...scenario.control, ...given });
}
