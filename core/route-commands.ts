// What operators may do to the routing table, and what comes of it. One decision function: a command
// and a table in, the next table and its summary out, or why not. No IO, no clock.

import { z } from 'zod';
import { answerSettingsSchema, settingsText } from './answer-settings.ts';
import { BUCKETS } from './assignment.ts';
import {
  type Answerer,
  answererName,
  type Experiment,
  type Holdout,
  holdoutSchema,
  MOST_EXPERIMENTS,
  productionOf,
  type RoutingTable,
  treatmentOf,
} from './routing.ts';

const share = z.int().min(1).max(BUCKETS);

/** Which experiment is meant; needed only where more than one runs. Another one is a refusal. */
const meant = { modelId: z.string().optional(), experimentId: z.string().optional() };

export const routeCommandSchema = z.discriminatedUnion('action', [
  z.strictObject({
    action: z.literal('start'),
    /** What is tried: a model, or settings on the model in production. */
    modelId: z.string().optional(),
    settings: answerSettingsSchema.optional(),
    /** Of the slice. */
    shareBp: share,
    /** Of all visitors; without it everyone, if nothing else runs. */
    sliceBp: share.optional(),
    /** A rollout's own, so that its answers are counted under it; without it one is made. */
    experimentId: z.string().optional(),
  }),
  z.strictObject({ action: z.literal('share'), shareBp: share, ...meant }),
  z.strictObject({
    action: z.literal('promote'),
    ...meant,
    /** The production that it was compared with: not against another. */
    against: z.string().optional(),
  }),
  /** Names an experiment to end it, or the production model to go back to the one before. */
  z.strictObject({ action: z.literal('rollback'), ...meant }),
  /** The sweep's: what core/holdout.ts decided; null ends it. */
  z.strictObject({ action: z.literal('hold_out'), holdout: holdoutSchema.nullable() }),
  /** The router's: the held-out model fails while production answers. */
  z.strictObject({
    action: z.literal('rest_holdout'),
    modelId: z.string(),
    untilMs: z.int(),
    reason: z.string(),
  }),
]);
export type RouteCommand = z.infer<typeof routeCommandSchema>;
export type Meant = Pick<Extract<RouteCommand, { action: 'promote' }>, 'modelId' | 'experimentId'>;

export type RouteDecision =
  | { ok: true; next: RoutingTable; summary: string }
  | { ok: false; reason: string };

type Side = Pick<RoutingTable, 'production' | 'settings' | 'previous' | 'previousSettings'>;

/** Who answers everyone, and what came before; built-in settings are left out. */
const sideOf = (now: Answerer, before: Answerer | null): Side => ({
  production: now.model,
  previous: before?.model ?? null,
  ...(now.settings === undefined ? {} : { settings: now.settings }),
  ...(before?.settings === undefined ? {} : { previousSettings: before.settings }),
});

const percent = (bp: number) => `${bp / 100} %`;
const refuse = (reason: string) => ({ ok: false as const, reason });

function change(
  table: RoutingTable,
  { side, ...patch }: { side?: Side } & Partial<Pick<RoutingTable, 'experiments' | 'holdout'>>,
  summary: string,
  now: number,
): RouteDecision {
  const { settings: _, previousSettings: __, ...others } = table;
  const kept = side === undefined ? table : { ...others, ...side };
  const next = { ...kept, ...patch, version: table.version + 1, updatedAt: now };
  return { ok: true, next, summary };
}

/** What a command makes of the table, or why it cannot be carried out. */
export function decideRoute(
  table: RoutingTable,
  command: RouteCommand,
  now: number,
): RouteDecision {
  switch (command.action) {
    case 'start':
      return start(table, command, now);
    case 'share':
      return grow(table, command, now);
    case 'promote':
      return promote(table, command, now);
    case 'rollback':
      return rollBack(table, command, now);
    case 'hold_out':
      return holdOut(table, command.holdout, now);
    case 'rest_holdout':
      return restHoldout(table, command, now);
  }
}

function start(
  table: RoutingTable,
  command: Extract<RouteCommand, { action: 'start' }>,
  now: number,
): RouteDecision {
  const { modelId, settings, shareBp, sliceBp } = command;
  const { experiments, production } = table;
  const candidate = settings?.id ?? modelId;
  if (candidate === undefined || (settings !== undefined && modelId !== undefined)) {
    return refuse('say what is tried: a model, or settings');
  }
  if (candidate === production || candidate === table.settings?.id) {
    return refuse(`${candidate} is already in production`);
  }
  if (experiments.some((one) => one.candidate === candidate)) {
    return refuse(`${candidate} is already under trial: ${listed(experiments)}`);
  }
  if (experiments.length > 0 && sliceBp === undefined) {
    return refuse(
      `${listed(experiments)}; promote it or roll it back first, or start this one on a slice`,
    );
  }
  if (experiments.length >= MOST_EXPERIMENTS) {
    return refuse(
      `no more than ${MOST_EXPERIMENTS} experiments run at once: ${listed(experiments)}`,
    );
  }
  const widthBp = sliceBp ?? BUCKETS;
  const gaps = freeSlices(experiments);
  const gap = gaps.find(({ fromBp, toBp }) => toBp - fromBp >= widthBp);
  if (gap === undefined) {
    const widest = Math.max(0, ...gaps.map(({ fromBp, toBp }) => toBp - fromBp));
    return refuse(
      `no room for a slice of ${percent(widthBp)}, the widest free one is ${percent(widest)}: ${listed(experiments)}`,
    );
  }
  const experiment: Experiment = {
    id: command.experimentId ?? `exp-${candidate}-${table.version + 1}`,
    salt: `${candidate}:${table.version + 1}`,
    candidate,
    ...(settings === undefined ? {} : { settings }),
    shareBp,
    fromBp: gap.fromBp,
    toBp: gap.fromBp + widthBp,
    stratum: 0,
    stratumStartedAt: now,
    startedAt: now,
  };
  return change(
    table,
    { experiments: [...experiments, experiment] },
    `${candidate} at ${percent(shareBp)}${ofSlice(experiment)} beside ${answererName(productionOf(table))}`,
    now,
  );
}

function grow(
  table: RoutingTable,
  command: Extract<RouteCommand, { action: 'share' }>,
  now: number,
): RouteDecision {
  const found = theOne(table.experiments, command);
  if (!found.ok) return found;
  const { running } = found;
  if (command.shareBp < running.shareBp) {
    return refuse(
      `a share only grows (now ${percent(running.shareBp)}); roll back to take the candidate off`,
    );
  }
  const grown = { ...running, shareBp: command.shareBp };
  return change(
    table,
    { experiments: table.experiments.map((one) => (one === running ? grown : one)) },
    `${running.candidate} from ${percent(running.shareBp)} to ${percent(command.shareBp)}${ofSlice(running)}`,
    now,
  );
}

function promote(
  table: RoutingTable,
  command: Extract<RouteCommand, { action: 'promote' }>,
  now: number,
): RouteDecision {
  const found = theOne(table.experiments, command);
  if (!found.ok) return found;
  const { running } = found;
  const { against } = command;
  const before = productionOf(table);
  if (against !== undefined && against !== answererName(before)) {
    return refuse(
      `${running.candidate} was compared with ${against}, and ${answererName(before)} is in production`,
    );
  }
  const others = table.experiments.filter((one) => one !== running);
  return change(
    table,
    {
      side: sideOf(treatmentOf(table, running), before),
      experiments: restarted(others, now),
    },
    running.settings === undefined
      ? `${running.candidate} replaces ${before.model} for everyone${restart(others)}`
      : `${settingsText(running.settings)} replaces ${settingsText(before.settings)} for everyone, on ${before.model}${restart(others)}`,
    now,
  );
}

function rollBack(table: RoutingTable, command: Meant, now: number): RouteDecision {
  const { experiments, production, previous } = table;
  const namesProduction =
    command.experimentId === undefined &&
    command.modelId !== undefined &&
    [production, table.settings?.id].includes(command.modelId);
  if (experiments.length > 0 && !namesProduction) {
    const found = theOne(experiments, command);
    if (!found.ok) return found;
    return change(
      table,
      { experiments: experiments.filter((one) => one !== found.running) },
      `${found.running.candidate} taken off; ${answererName(productionOf(table))} answers ${ofEveryone(found.running)}`,
      now,
    );
  }
  const named = command.experimentId ?? command.modelId;
  if (named !== undefined && !namesProduction) {
    return refuse(`${named} is not under trial and not in production (${production} is)`);
  }
  if (previous === null) return refuse('there is no earlier production to go back to');
  const back: Answerer = { model: previous, settings: table.previousSettings };
  if (named !== undefined && named === table.settings?.id && named === back.settings?.id) {
    return refuse(
      `${named} was in production before ${production} too: going back would take the model off, not the settings`,
    );
  }
  // Its own trial would compare it with itself.
  const others = experiments.filter(
    ({ candidate }) => candidate !== previous && candidate !== back.settings?.id,
  );
  return change(
    table,
    { side: sideOf(back, null), experiments: restarted(others, now) },
    `${restored(back, productionOf(table))}${restart(others)}`,
    now,
  );
}

const restored = (back: Answerer, from: Answerer): string =>
  back.model === from.model
    ? `${settingsText(back.settings)} restored in place of ${settingsText(from.settings)}, on ${back.model}`
    : `${answererName(back)} restored in place of ${answererName(from)}`;

function holdOut(table: RoutingTable, holdout: Holdout | null, now: number): RouteDecision {
  if (holdout !== null) return change(table, { holdout }, heldOutSummary(holdout), now);
  const { holdout: ended, ...rest } = table;
  if (ended === undefined) return refuse('nobody is held out');
  return change(rest, {}, `nobody is held out any more; it was ${percent(ended.shareBp)}`, now);
}

const heldOutSummary = ({ shareBp, model, reason }: Holdout) =>
  model === null
    ? `${percent(shareBp)} held out, answered by production: ${reason}`
    : `${percent(shareBp)} held out on ${model}: ${reason}`;

function restHoldout(
  table: RoutingTable,
  { modelId, untilMs, reason }: Extract<RouteCommand, { action: 'rest_holdout' }>,
  now: number,
): RouteDecision {
  const { holdout } = table;
  if (holdout?.model !== modelId) return refuse(`nobody is held out on ${modelId}`);
  const rested = { ...holdout, model: null, reason, resting: { model: modelId, untilMs } };
  return change(table, { holdout: rested }, heldOutSummary(rested), now);
}

/** The control is another one now: what was measured against the old one stays by itself. */
const restarted = (experiments: readonly Experiment[], now: number): Experiment[] =>
  experiments.map((one) => ({ ...one, stratum: one.stratum + 1, stratumStartedAt: now }));

const restart = (others: readonly Experiment[]) =>
  others.length === 0
    ? ''
    : `; measured against it from now on: ${others.map(({ candidate }) => candidate).join(', ')}`;

function theOne(
  experiments: readonly Experiment[],
  { modelId, experimentId }: Meant,
): { ok: true; running: Experiment } | { ok: false; reason: string } {
  const [only, ...others] = experiments;
  if (only === undefined) return refuse('no candidate is running; start one first');
  const matching = experiments.filter(
    (one) =>
      (modelId === undefined || one.candidate === modelId) &&
      (experimentId === undefined || one.id === experimentId),
  );
  const [running, ...more] = matching;
  if (running !== undefined && more.length === 0) return { ok: true, running };
  if (running !== undefined) return refuse(`say which one is meant: ${listed(experiments)}`);
  if (others.length > 0) {
    return refuse(`${experimentId ?? modelId} is not under trial: ${listed(experiments)}`);
  }
  return experimentId === undefined || experimentId === only.id
    ? refuse(`the candidate is ${only.candidate} by now, not ${modelId}`)
    : refuse(`the experiment is ${only.id} by now, not ${experimentId}`);
}

const listed = (experiments: readonly Experiment[]) =>
  experiments
    .map((one) => `${one.candidate} is already at ${percent(one.shareBp)}${ofSlice(one)}`)
    .join(', ');

const isEveryone = ({ fromBp, toBp }: Experiment) => fromBp === 0 && toBp === BUCKETS;
const ofSlice = (one: Experiment) =>
  isEveryone(one) ? '' : ` of a slice of ${percent(one.toBp - one.fromBp)}`;
const ofEveryone = (one: Experiment) =>
  isEveryone(one) ? 'everyone' : `its slice of ${percent(one.toBp - one.fromBp)}`;

/** How many more experiments could start, each on a slice this wide, with at most so many at once. */
export function freePlaces(
  experiments: readonly Experiment[],
  { widthBp, most }: { widthBp: number; most: number },
): number {
  const room = freeSlices(experiments)
    .map(({ fromBp, toBp }) => Math.floor((toBp - fromBp) / widthBp))
    .reduce((sum, fitting) => sum + fitting, 0);
  return Math.max(0, Math.min(room, Math.min(most, MOST_EXPERIMENTS) - experiments.length));
}

/** What no experiment owns, in order. */
function freeSlices(experiments: readonly Experiment[]): { fromBp: number; toBp: number }[] {
  const taken = experiments.toSorted((a, b) => a.fromBp - b.fromBp);
  const starts = [0, ...taken.map(({ toBp }) => toBp)];
  const ends = [...taken.map(({ fromBp }) => fromBp), BUCKETS];
  return starts
    .map((fromBp, index) => ({ fromBp, toBp: ends[index] ?? BUCKETS }))
    .filter(({ fromBp, toBp }) => fromBp < toBp);
}
