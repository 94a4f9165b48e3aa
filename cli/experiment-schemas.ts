/**
 * What the stack tells of experiments, as far as the command line prints it. Unknown fields pass, so that
 * an older `bruno` reads a newer stack.
 */
import { z } from 'zod';

/** A stack from before settings could be tried says nothing of kinds and arms. */
const answerer = z.looseObject({ description: z.string() });

const summary = {
  id: z.string(),
  kind: z.string().default('model'),
  arms: z.looseObject({ control: answerer, treatment: answerer }).nullish(),
  model_id: z.string(),
  status: z.string(),
  share: z.number().nullable(),
  outcome: z.string().nullable(),
  reason: z.string(),
  promote_on: z.string(),
  created_at: z.string(),
  next_look_at: z.string().nullable(),
};
export const experimentSummary = z.looseObject(summary);
export type ExperimentSummary = z.infer<typeof experimentSummary>;
export const experimentList = z.looseObject({ experiments: z.array(experimentSummary) });

export const experimentPlan = z.looseObject({
  first_share: z.number(),
  first_share_reason: z.string(),
  promote_on: z.string(),
  promise: z.string(),
  slice: z.number(),
  traffic: z
    .looseObject({
      days: z.number(),
      visitors_per_day: z.number(),
      new_visitors_per_day: z.number(),
      answers_per_day: z.number(),
    })
    .nullable(),
  metrics: z.array(
    z.looseObject({
      metric: z.string(),
      rate: z.number().nullable(),
      known: z.array(
        z.looseObject({
          days: z.number(),
          lift: z.number().nullable(),
          reason: z.string().nullable(),
        }),
      ),
    }),
  ),
  waived: z.array(z.string()),
});
export type ExperimentPlan = z.infer<typeof experimentPlan>;

/** Absent from a stack that is older than judges. */
const judge = z
  .looseObject({ name: z.string(), kind: z.string(), says: z.array(z.string()) })
  .nullish();
export type Judge = NonNullable<z.infer<typeof judge>>;
export const planAnswer = z.looseObject({ plan: experimentPlan, judge });
export const judgeAnswer = z.looseObject({
  judge: judge.unwrap().unwrap(),
  measuring: z.looseObject({ texts: z.number(), waiting: z.number() }).nullable(),
});
export type JudgeAnswer = z.infer<typeof judgeAnswer>;

const arm = z.looseObject({ n: z.number(), y: z.number(), rate: z.number() });
const byArm = z.looseObject({ control: z.number().nullable(), treatment: z.number().nullable() });

const percentiles = z
  .looseObject({ p50_ms: z.number(), p95_ms: z.number(), p99_ms: z.number() })
  .nullable();

export const experiment = z.looseObject({
  ...summary,
  policy: z.looseObject({
    shares: z.array(z.number()),
    stage_hours: z.number(),
    stage_users: z.number(),
    maximum_days: z.number(),
    auto_advance: z.boolean(),
    on_harm: z.string(),
  }),
  plan: experimentPlan,
  evidence: z
    .looseObject({
      users: byArm,
      feedback_rate: byArm,
      metrics: z.array(
        z.looseObject({
          metric: z.string(),
          verdict: z.looseObject({ result: z.string(), reason: z.string() }),
          improvement: z.string().nullable(),
          effect: z
            .looseObject({
              scale: z.string(),
              estimate: z.number(),
              lower: z.number(),
              upper: z.number(),
            })
            .nullable(),
          more_users: z.number().nullable(),
          stages: z.array(z.looseObject({ share: z.number(), control: arm, treatment: arm })),
        }),
      ),
      latencies: z
        .array(
          z.looseObject({
            latency: z.string(),
            stages: z.array(
              z.looseObject({ share: z.number(), control: percentiles, treatment: percentiles }),
            ),
          }),
        )
        .default([]),
      waived: z.array(z.string()),
      split: z.string(),
      data: z.string(),
      offline: z.looseObject({ better: z.boolean(), reason: z.string() }).nullable(),
    })
    .nullable(),
  judge,
  history: z.array(
    z.looseObject({
      seq: z.number(),
      at: z.string(),
      action: z.string(),
      who: z.string(),
      reason: z.string(),
      summary: z.string(),
    }),
  ),
});
export type Experiment = z.infer<typeof experiment>;

/** After a command; or, where it was carried out while the record could not be read, its outcome alone. */
export const experimentAfter = z.union([
  z
    .looseObject({ reason: z.string(), recorded: z.literal(false) })
    .transform((document) => ({ document, outcome: document.reason })),
  experiment.transform((document) => ({ document, outcome: null })),
]);
export type ExperimentAfter = z.infer<typeof experimentAfter>;

const body = {
  system_prompt: z.string(),
  temperature: z.number(),
  top_p: z.number(),
  max_tokens: z.number().nullable(),
  max_sources: z.number().nullable(),
  max_source_chars: z.number().nullable(),
};
const settingsBody = z.looseObject(body);
export type SettingsBody = z.infer<typeof settingsBody>;
const madeOf = {
  id: z.string(),
  name: z.string(),
  ...body,
  stage: z.string(),
  body_hash: z.string(),
  created_at: z.string(),
  created_by: z.string(),
  reason: z.string(),
};
export const answerSettings = z.looseObject(madeOf);
export type AnswerSettings = z.infer<typeof answerSettings>;
export const settingsMade = z.looseObject({ ...madeOf, existed: z.boolean() });
export const settingsList = z.looseObject({
  built_in: z.looseObject({ ...body, prompt_version: z.string() }),
  settings: z.array(answerSettings),
});
export type SettingsList = z.infer<typeof settingsList>;
