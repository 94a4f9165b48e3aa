// learning.yaml: what the loop learns from, how it trains and how it rolls out. One strict schema;
// every unknown or impossible value is refused by its name. Keys whose feature is not built yet are
// accepted only with the one value that promises nothing. Overrides (learning.tiny.yaml) are merged over it and what
// they changed is listed, so that it can be printed beside.

import { parse } from 'yaml';
import { z } from 'zod';
import { DEFAULT_SIGNAL_WEIGHTS } from './feedback-values.ts';
import { MOST_HELD_OUT_BP } from './routing.ts';
import { PROMOTE_ON } from './statistics/policy.ts';

const rate = z.number().min(0).max(1);
const count = z.int().min(0);
const positive = z.number().positive();
const positiveCount = z.int().min(1);

const notYet = <Value extends string | number | boolean>(off: Value, what: string) =>
  z.literal(off, { error: `${what} is not built yet: only ${JSON.stringify(off)} is accepted` });

const weights = DEFAULT_SIGNAL_WEIGHTS;

/** Which of one visitor's votes count; see core/vote-bounds.ts. */
export const voteBoundsSchema = z.strictObject({
  max_votes_per_day: positiveCount.default(30),
  max_votes_per_minute: positiveCount.default(10),
  // A single vote points one way always: two are the fewest that can be too many.
  one_way_votes_per_week: z.int().min(2).default(20),
});

const feedback = z.strictObject({
  enable_explicit: z.boolean(),
  enable_implicit: z.boolean(),
  min_session_duration: z.number().min(0).max(3600),
  implicit_tracking_events: z.array(
    z.enum(['reformulation', 'copy', 'citation_click', 'read_time']),
  ),
  auto_accept: z.boolean().default(false),
  session: z
    .strictObject({
      // A pause of five minutes ends a string of related queries (Silverstein et al. 1999,
      // doi:10.1145/331403.331405).
      next_question_seconds: positive.max(3600).default(300),
      reformulation_similarity: rate.default(0.6),
    })
    .prefault({}),
  bounds: voteBoundsSchema.prefault({}),
  signal_weights: z
    .strictObject({
      reformulation: z.number().default(weights.reformulation),
      abandonment: z.number().default(weights.abandonment),
      quick_accept: z.number().default(weights.quick_accept),
      copy: z.number().default(weights.copy),
      citation_click: z.number().default(weights.citation_click),
      thorough_read: z.number().default(weights.thorough_read),
      follow_up: z.number().default(weights.follow_up),
      quick_accept_seconds: positive.default(weights.quick_accept_seconds),
      thorough_read_share: rate.default(weights.thorough_read_share),
      words_per_minute: positive.default(weights.words_per_minute),
    })
    .prefault({}),
});

const curation = z
  .strictObject({
    schedule: z.literal('weekly', { error: 'only "weekly" is possible' }),
    min_quality_score: rate,
    min_interactions: count,
    max_interactions: z.int().min(1),
    balance_topics: notYet(false, 'balance_topics'),
    augmentation_factor: notYet(1, 'augmentation_factor'),
    scoring: z.enum(['weighted', 'literal']).default('weighted'),
    similarity_threshold: rate.default(0.85),
    min_pair_margin: rate.default(0.3),
    min_response_tokens: count.default(10),
    max_response_tokens: z.int().min(1).default(1000),
    correction_repeats: z.int().min(1).max(4).default(4),
    replay_decay: rate.default(0.9),
    max_examples_per_visitor: z.int().min(1).default(50),
    /** Of uncorrected examples and pairs; 1 takes everyone alike. */
    max_one_shot_share: rate.default(0.25),
  })
  .refine((value) => value.min_interactions <= value.max_interactions, {
    error: 'min_interactions must not exceed max_interactions',
    path: ['min_interactions'],
  })
  .refine((value) => value.min_response_tokens <= value.max_response_tokens, {
    error: 'min_response_tokens must not exceed max_response_tokens',
    path: ['min_response_tokens'],
  });

const TARGETS = [
  'q_proj',
  'k_proj',
  'v_proj',
  'o_proj',
  'gate_proj',
  'up_proj',
  'down_proj',
] as const;

const training = z.strictObject({
  method: z.literal('lora', { error: 'only "lora" is built; "full" and "qlora" are not' }),
  lora_rank: z.int().min(1).max(256),
  lora_alpha: positive,
  lora_dropout: z.number().min(0).lt(1).default(0.05),
  target_modules: z.array(z.enum(TARGETS)).min(1).default(['q_proj', 'v_proj', 'k_proj', 'o_proj']),
  learning_rate: positive.max(1),
  epochs: z.int().min(1).max(100),
  batch_size: z.int().min(1),
  gradient_accumulation: z.int().min(1),
  warmup_ratio: rate,
  warmup_steps: count.nullable().default(null),
  weight_decay: z.number().min(0).default(0.01),
  max_steps: z.int().min(1).nullable().default(null),
  max_sequence_tokens: z.int().min(16).default(2048),
  grad_clip: positive.default(1),
  checkpoint_every_steps: z.int().min(1).default(200),
  final_lr_ratio: rate.default(0.1),
});

const rlhf = z.strictObject({
  enable: z.boolean(),
  method: z.literal('dpo', { error: 'only "dpo" is built; "ppo" is not' }),
  beta: positive,
  min_preference_pairs: z.int().min(1),
  learning_rate: positive.max(1).default(5e-7),
  epochs: z.int().min(1).default(1),
  max_steps: z.int().min(1).nullable().default(null),
});

const evaluation = z.strictObject({
  group_margin_nats: z.number().min(0).default(0.05),
  confidence: z.number().gt(0.5).lt(1).default(0.95),
  bootstrap_samples: z.int().min(200).max(100_000).default(2000),
  max_new_tokens: z.int().min(1).max(4096).default(128),
  min_examples: z.int().min(1).default(5),
  /** false lets a candidate pass whose held-out phrasings are too few to measure; it says so. */
  require_held_out: z.boolean().default(true),
});

/** Held at 95 % where the stages say everyone, so a first share must leave room for a step up. */
const HIGHEST_FIRST_SHARE = 0.9;

/** Who finds answers that their sources do not support; see core/judging.ts. */
const judge = z.strictObject({
  /** The part of an experiment's answers that is judged, as many of each arm. */
  rate: z.number().min(0.1).max(1).default(0.1),
  /** A model that the agent's model server has; null is the deterministic check. */
  model: z
    .string()
    .regex(/^[\w.:/-]{1,100}$/, 'expected the name of a model on the model server')
    .nullable()
    .default(null),
});

const abTesting = z.strictObject({
  /** The smallest first share the plan may choose. */
  initial_traffic_split: z.number().min(0.01).max(HIGHEST_FIRST_SHARE),
  min_sample_size: z.int().min(50).max(10_000_000),
  confidence_level: z.number().min(0.8).max(0.9999),
  rollout_stages: z
    .array(z.number().gt(0).max(1))
    .min(1)
    .max(10)
    .refine((list) => list.every((share, index) => share > (list[index - 1] ?? 0)), {
      error: 'rollout_stages must rise',
    })
    .refine((list) => list.at(-1) === 1, { error: 'the last of rollout_stages must be 1' }),
  stage_duration_hours: z.number().min(1).max(168),
  promote_on: z.enum(PROMOTE_ON).default('improvement'),
  judge: judge.prefault({}),
  /** Each owns an equal slice of all visitors. */
  max_experiments: z.int().min(1).max(3).default(1),
  /** 0: everyone takes part, also a visitor's first question. */
  min_identity_age_seconds: z
    .int()
    .min(0)
    .max(30 * 86_400)
    .default(3_600),
  /** A standing slice on the production of some weeks ago; see core/holdout.ts. */
  holdout: z
    .strictObject({
      enabled: z.boolean().default(false),
      /** Of all visitors, twice: held out, and compared with. */
      share: z
        .number()
        .min(0.001)
        .max(MOST_HELD_OUT_BP / 10_000)
        .default(0.02),
      weeks: z.int().min(1).max(26).default(4),
    })
    .prefault({}),
});

/** Which old models lose their files; see core/pruning.ts for those that never do. */
const models = z.strictObject({
  /** false: only when an operator asks for it. */
  prune: z.boolean().default(true),
  /** The newest so many keep theirs. The two newest stay loaded, so they must be among them. */
  keep_last: z.int().min(2).max(1_000).default(8),
  /** Younger ones keep theirs. */
  keep_days: z.int().min(1).max(3_650).default(60),
});

const automation = z.strictObject({
  auto_finetune: z.boolean(),
  auto_experiment: z.boolean(),
  auto_rollout: z.boolean(),
  rollback_on_regression: z.boolean(),
});

const privacy = z.strictObject({
  /** After so many days questions and answers lose their words; 0 keeps them for ever. */
  retention_days: z.int().min(0).max(36_500).default(400),
});

export const learningSchema = z.strictObject({
  learning: z.strictObject({
    feedback,
    curation,
    training,
    rlhf,
    evaluation: evaluation.prefault({}),
    ab_testing: abTesting,
    automation,
    models: models.prefault({}),
    privacy: privacy.prefault({}),
  }),
});

export type LearningConfig = z.infer<typeof learningSchema>['learning'];

export interface ConfigChange {
  path: string;
  from: unknown;
  to: unknown;
}

export interface ParsedLearning {
  config: LearningConfig;
  /** What the overrides changed, for printing beside it. */
  changed: ConfigChange[];
}

type Tree = Record<string, unknown>;
const isTree = (value: unknown): value is Tree =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function merge(under: Tree, over: Tree): Tree {
  const merged: Tree = { ...under };
  for (const [key, value] of Object.entries(over)) {
    const below = merged[key];
    merged[key] = isTree(below) && isTree(value) ? merge(below, value) : value;
  }
  return merged;
}

function differences(before: unknown, after: unknown, path: string): ConfigChange[] {
  if (isTree(before) && isTree(after)) {
    return Object.keys(after).flatMap((key) =>
      differences(before[key], after[key], path === '' ? key : `${path}.${key}`),
    );
  }
  return JSON.stringify(before) === JSON.stringify(after)
    ? []
    : [{ path, from: before, to: after }];
}

function readTree(yamlText: string, file: string): Tree {
  let value: unknown;
  try {
    value = parse(yamlText);
  } catch (cause) {
    const at = cause instanceof Error ? cause.message.split('\n')[0] : 'unreadable';
    throw new Error(`${file} is not valid YAML: ${at}`, { cause });
  }
  if (value === null && file !== 'learning.yaml') return {};
  if (!isTree(value)) throw new Error(`${file} must hold a mapping that starts with "learning:"`);
  return value;
}

function validate(tree: Tree, file: string): LearningConfig {
  const result = learningSchema.safeParse(tree);
  if (result.success) return result.data.learning;
  const lines = result.error.issues.map(
    (issue) => `${issue.path.join('.') || '(root)'}: ${issue.message}`,
  );
  throw new Error(`${file} is not usable:\n  ${lines.join('\n  ')}`);
}

/** Throws an Error that names every key at fault. */
export function parseLearning(yamlText: string, overridesText = ''): ParsedLearning {
  const base = readTree(yamlText, 'learning.yaml');
  const plain = validate(base, 'learning.yaml');
  if (overridesText.trim() === '') return { config: plain, changed: [] };
  const config = validate(
    merge(base, readTree(overridesText, 'the overrides')),
    'learning.yaml with its overrides',
  );
  return { config, changed: differences(plain, config, 'learning') };
}
