// The routing table: which model answers whom, and under which settings. Its one decision function turns a command into the
// next table and the row of history that explains it. The routing object serialises the calls; KV
// and the isolates hold copies. No IO, no clock.

import { z } from 'zod';
import { type AnswerSettings, answerSettingsSchema } from './answer-settings.ts';
import { BUCKETS, bucketOf } from './assignment.ts';

export const MOST_EXPERIMENTS = 3;

/** One salt for ever: it decides who belongs to which slice, whatever runs in it. */
const SLICE_SALT = 'slices';

const bucketBoundary = z.int().min(0).max(BUCKETS);

export const experimentSchema = z
  .strictObject({
    id: z.string(),
    salt: z.string(),
    /** What is tried: a model, or where there are `settings`, the id of those. */
    candidate: z.string(),
    /** What the treatment is answered under, by the model in production; left out where a model is tried. */
    settings: answerSettingsSchema.optional(),
    /** Share of the slice's visitors in ten-thousandths. */
    shareBp: bucketBoundary,
    /** The slice of all visitors that this experiment owns: [fromBp, toBp). */
    fromBp: bucketBoundary,
    toBp: bucketBoundary,
    /** Counts the controls it was compared with: another production model begins another. */
    stratum: z.int().min(0),
    stratumStartedAt: z.int(),
    startedAt: z.int(),
  })
  .refine(({ fromBp, toBp }) => fromBp < toBp, { error: 'a slice must not be empty' });
export type Experiment = z.infer<typeof experimentSchema>;

const disjoint = (experiments: readonly Experiment[]) =>
  experiments.every((one, index) =>
    experiments
      .slice(index + 1)
      .every((other) => one.toBp <= other.fromBp || other.toBp <= one.fromBp),
  );

/** One salt for ever: who is held out this week was so last week, and is next week. */
const HOLDOUT_SALT = 'holdout';
export const MOST_HELD_OUT_BP = 1_000;

/**
 * Visitors outside every experiment, for as long as it is on: so many stay on an older model, and as many
 * others on production are what they are compared with. See core/holdout.ts.
 */
export const holdoutSchema = z.strictObject({
  /** What its answers are counted under. */
  id: z.string(),
  /** Of all visitors, in ten-thousandths, twice: held out, and compared with. */
  shareBp: z.int().min(1).max(MOST_HELD_OUT_BP),
  /** Null: production answers them too, and nothing is counted. */
  model: z.string().nullable(),
  /** The week that it stands for, 202647 for 2026-w47: weeks are compared each by itself. */
  stratum: z.int().min(0),
  reason: z.string(),
  /** A model that failed while production answered is not tried again before. */
  resting: z.strictObject({ model: z.string(), untilMs: z.int() }).nullable(),
});
export type Holdout = z.infer<typeof holdoutSchema>;

const currentTableSchema = z.strictObject({
  schema: z.literal(2),
  version: z.int().min(0),
  production: z.string(),
  /** What production answers under; left out, here and below: the built-in ones. */
  settings: answerSettingsSchema.optional(),
  previous: z.string().nullable(),
  /** What `previous` answered under. */
  previousSettings: answerSettingsSchema.optional(),
  experiments: z
    .array(experimentSchema)
    .max(MOST_EXPERIMENTS)
    .refine(disjoint, { error: 'slices must not overlap' }),
  holdout: holdoutSchema.optional(),
  updatedAt: z.int(),
});
export type RoutingTable = z.infer<typeof currentTableSchema>;

/** The shape before slices: one experiment, on everyone. Still in KV, in the object, in the record. */
const firstTableSchema = z.strictObject({
  schema: z.literal(1),
  version: z.int().min(0),
  production: z.string(),
  previous: z.string().nullable(),
  experiment: z
    .strictObject({
      id: z.string(),
      salt: z.string(),
      candidate: z.string(),
      shareBp: bucketBoundary,
      startedAt: z.int(),
    })
    .nullable(),
  updatedAt: z.int(),
});

function upgraded({ experiment, ...table }: z.infer<typeof firstTableSchema>): RoutingTable {
  return {
    ...table,
    schema: 2,
    experiments:
      experiment === null
        ? []
        : [
            {
              ...experiment,
              fromBp: 0,
              toBp: BUCKETS,
              stratum: 0,
              stratumStartedAt: experiment.startedAt,
            },
          ],
  };
}

/** Reads every shape that was ever stored; what is written is always the newest. */
export const routingTableSchema = z.union([
  currentTableSchema,
  firstTableSchema.transform(upgraded),
]);

export function initialTable(base: string): RoutingTable {
  return {
    schema: 2,
    version: 0,
    production: base,
    previous: null,
    experiments: [],
    updatedAt: 0,
  };
}

export type Arm = 'control' | 'treatment' | 'none';

/** What answers: a model, under settings. */
export interface Answerer {
  model: string;
  settings: AnswerSettings | undefined;
}

export const productionOf = ({ production, settings }: RoutingTable): Answerer => ({
  model: production,
  settings,
});

/** Of an experiment that runs, or would. Where settings are tried, the model is production's, whichever that is by now. */
export const treatmentOf = (
  table: RoutingTable,
  { candidate, settings }: Pick<Experiment, 'candidate' | 'settings'>,
): Answerer =>
  settings === undefined
    ? { model: candidate, settings: table.settings }
    : { model: table.production, settings };

/** One text for both: what is compared with it is counted anew when either changes. */
export const answererName = ({ model, settings }: Answerer): string =>
  settings === undefined ? model : `${model} with ${settings.id}`;

/** Models under trial; settings under trial are answered by production's. */
export const modelsTried = ({ experiments }: RoutingTable): string[] =>
  experiments.filter(({ settings }) => settings === undefined).map(({ candidate }) => candidate);

/** All settings that anybody may be answered under now. */
export const settingsInUse = (table: RoutingTable): (AnswerSettings | undefined)[] => [
  table.settings,
  ...table.experiments.flatMap(({ settings }) => (settings === undefined ? [] : [settings])),
];

export interface Assignment extends Answerer {
  arm: Arm;
  experimentId: string | null;
  /** The stage: the experiment's share at this moment. */
  shareBp: number | null;
  stratum: number | null;
}

/** Production, and no experiment: for whoever takes no part, and where none runs. */
export const unassigned = (table: RoutingTable): Assignment => ({
  ...productionOf(table),
  arm: 'none',
  experimentId: null,
  shareBp: null,
  stratum: null,
});

/** The two arms are as large as each other. */
const EVEN_BP = BUCKETS / 2;

/** From both ends of the buckets: a share that grows adds to either, and moves nobody between them. */
function standingArm({ shareBp }: Holdout, visitorId: string): 'control' | 'treatment' | null {
  const place = bucketOf(visitorId, HOLDOUT_SALT);
  if (place < shareBp) return 'control';
  return place >= BUCKETS - shareBp ? 'treatment' : null;
}

/**
 * The treatment is the loop: what it made of production since the model of the control. Both are answered under
 * production's settings.
 */
function standing(table: RoutingTable, holdout: Holdout, arm: 'control' | 'treatment'): Assignment {
  const { id, model, stratum } = holdout;
  // The same model for both: there is nothing to compare.
  if (model === null || model === table.production) return unassigned(table);
  const production = productionOf(table);
  return {
    ...(arm === 'control' ? { ...production, model } : production),
    arm,
    experimentId: id,
    shareBp: EVEN_BP,
    stratum,
  };
}

function experimentOf({ experiments }: RoutingTable, visitorId: string): Experiment | undefined {
  const [first] = experiments;
  // Mostly there is none, or one that has everybody: then nobody's place has to be known.
  if (first === undefined || (first.fromBp === 0 && first.toBp === BUCKETS)) return first;
  const place = bucketOf(visitorId, SLICE_SALT);
  return experiments.find(({ fromBp, toBp }) => fromBp <= place && place < toBp);
}

/**
 * Sticky per visitor; growing the share only ever adds visitors to the treatment. Who is told how many tokens
 * the prompt had could tell two prompts apart, and takes no part where settings are tried.
 */
export function assign(
  table: RoutingTable,
  visitorId: string,
  { seesPromptTokens = false } = {},
): Assignment {
  const { holdout } = table;
  if (holdout !== undefined) {
    const arm = standingArm(holdout, visitorId);
    // Before the experiments, whose slices are so of whoever is left.
    if (arm !== null) return standing(table, holdout, arm);
  }
  const experiment = experimentOf(table, visitorId);
  if (experiment === undefined) return unassigned(table);
  if (seesPromptTokens && experiment.settings !== undefined) return unassigned(table);
  const treated = bucketOf(visitorId, experiment.salt) < experiment.shareBp;
  return {
    ...(treated ? treatmentOf(table, experiment) : productionOf(table)),
    arm: treated ? 'treatment' : 'control',
    experimentId: experiment.id,
    shareBp: experiment.shareBp,
    stratum: experiment.stratum,
  };
}
