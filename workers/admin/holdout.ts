// What the loop gained, for operators: who is held out on what, and production against it week by week.

import { withDatabase } from '../../adapters/postgres/connect.ts';
import { readExperimentSums } from '../../adapters/postgres/experiment-look.ts';
import { heldOutWeeks, type WeekModels } from '../../adapters/postgres/models.ts';
import { holdoutId, stratumOfWeek, weekOfStratum } from '../../core/holdout.ts';
import { type Gain, type GainWeek, gainOf, splitOf } from '../../core/holdout-gain.ts';
import type { RoutingTable } from '../../core/routing.ts';
import type { HoldoutAnswer } from '../../core/wire/holdout.ts';
import { routingTable } from '../../functions/rollout/table.ts';
import { databaseOf, type Env, learningOf } from '../env.ts';
import { effectView } from './rollout-view.ts';

export async function holdoutView(env: Env): Promise<HoldoutAnswer> {
  const { enabled, share, weeks } = learningOf(env).ab_testing.holdout;
  const table = await routingTable(env);
  const id = holdoutId(weeks);
  const { sums, models } = await withDatabase(databaseOf(env), async (db) => ({
    sums: await readExperimentSums(db, id),
    models: await heldOutWeeks(db, id),
  }));
  return {
    enabled,
    share,
    weeks,
    id,
    production: table.production,
    now: standingView(table),
    split: splitOf(sums),
    metrics: gainOf(sums).map((gain) => gainView(gain, models)),
  };
}

function standingView({ holdout, production }: RoutingTable): HoldoutAnswer['now'] {
  if (holdout === undefined) return null;
  const { stratum, model, reason } = holdout;
  const counting = model !== null && model !== production;
  return { week: weekOfStratum(stratum), model, counting, reason };
}

const gainView = ({ metric, weeks }: Gain, models: ReadonlyMap<number, WeekModels>) => ({
  metric,
  weeks: weeks.map((week) => weekView(week, models.get(stratumOfWeek(week.week)))),
});

function weekView({ week, alone, soFar }: GainWeek, models: WeekModels | undefined) {
  const [stage] = alone.stages;
  return {
    week,
    held_out_models: models?.heldOut ?? [],
    production_models: models?.production ?? [],
    held_out: stage?.control ?? null,
    production: stage?.treatment ?? null,
    effect: effectView(alone),
    so_far: effectView(soFar),
  };
}
