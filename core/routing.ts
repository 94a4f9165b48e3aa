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

/** Where settings are tried, the model is production's, whichever that is by now. */
export const treatmentOf = (table: RoutingTable, experiment: Experiment): Answerer =>
  experiment.settings === undefined
    ? { model: experiment.candidate, settings: table.settings }
    : { model: table.production, settings: experiment.settings };

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

/**
 * Sticky per visitor; growing the share only ever adds visitors to the treatment. Who is told how many tokens
 * the prompt had could tell two prompts apart, and takes no part where settings are tried.
 */
export function assign(
  table: RoutingTable,
  visitorId: string,
  { seesPromptTokens = false } = {},
): Assignment {
  if (table.experiments.length === 0) return unassigned(table);
  const place = bucketOf(visitorId, SLICE_SALT);
  const experiment = table.experiments.find(({ fromBp, toBp }) => fromBp <= place && place < toBp);
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
