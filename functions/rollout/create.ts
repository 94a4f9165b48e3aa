// Making a rollout: planned from what the record says of the last two weeks, and written down. Its object
// finds it in the history; here nothing is started.

import type { Queryable, Transaction } from '../../adapters/postgres/connect.ts';
import { fixJudges, judgesOf } from '../../adapters/postgres/judgments.ts';
import { pastTraffic } from '../../adapters/postgres/past-traffic.ts';
import {
  findRollout,
  type RolloutListRow,
  rolloutOfRequest,
  rolloutsOfCandidate,
} from '../../adapters/postgres/rollouts.ts';
import type { AnswerSettings } from '../../core/answer-settings.ts';
import { AppError } from '../../core/errors.ts';
import { plannedRow } from '../../core/rollout/held.ts';
import { planRollout, type RolloutPlan } from '../../core/rollout/plan.ts';
import type { RolloutPolicy } from '../../core/rollout/policy.ts';
import type { PromoteOn } from '../../core/statistics/policy.ts';
import { type Env, learningOf, now } from '../../workers/env.ts';
import { configuredJudge } from '../judging/answers.ts';
import { sliceBpOf } from './gather.ts';
import { holdoutSettings } from './held-models.ts';
import { waivedIn } from './kind.ts';
import { recordPlanned } from './record.ts';

const PLANNED_FROM_MS = 14 * 86_400_000;

export interface Planned {
  plan: RolloutPlan;
  policy: RolloutPolicy;
}

export function rolloutSettings(env: Env) {
  const { ab_testing, automation } = learningOf(env);
  return { promote_on: ab_testing.promote_on, auto_experiment: automation.auto_experiment };
}

/** From the traffic of the two weeks until now. */
export async function planNow(
  db: Queryable,
  env: Env,
  promoteOn: PromoteOn,
  settings?: AnswerSettings,
): Promise<Planned> {
  const until = new Date(now(env));
  const from = new Date(until.getTime() - PLANNED_FROM_MS);
  const past = await pastTraffic(db, {
    from,
    until,
    minAgeSeconds: learningOf(env).ab_testing.min_identity_age_seconds,
    judge: configuredJudge(env),
  });
  const { plan, policy } = planRollout({
    keys: learningOf(env),
    promoteOn,
    sliceBp: ofEveryone(env),
    past,
  });
  const untold = waivedIn(settings === undefined ? 'model' : 'settings', settings);
  const metrics = plan.metrics.filter(({ metric }) => !untold.includes(metric));
  return { policy, plan: { ...plan, metrics, waived: [...new Set([...plan.waived, ...untold])] } };
}

/** A slice is of those whom no holdout has. */
function ofEveryone(env: Env): number {
  const { enabled, share } = holdoutSettings(env);
  return Math.floor(sliceBpOf(env) * (enabled ? 1 - 2 * share : 1));
}

export interface Creation {
  candidate: string;
  plan: Planned;
  /** By itself; else it waits for an operator's start. */
  startsItself: boolean;
  requestId: string;
  who: string;
  why: string;
}

/** Idempotent by request. Throws AppError conflict while the candidate has one that is not over. */
export async function createRollout(
  tx: Transaction,
  env: Env,
  creation: Creation,
): Promise<RolloutListRow> {
  const { candidate, startsItself, requestId, who, why } = creation;
  const known = await rolloutOfRequest(tx, requestId);
  if (known) return known;
  const earlier = await rolloutsOfCandidate(tx, candidate);
  const open = earlier.find(({ status }) => status !== 'ended');
  if (open) {
    throw new AppError(
      'conflict',
      `${candidate} has experiment ${open.id}, which is ${open.status}.`,
    );
  }
  const { plan, policy } = creation.plan;
  const id = `rollout-${candidate}-${earlier.length + 1}`;
  const fixed = { id, candidate, plan, policy: { ...policy, startsItself }, requestId };
  const nowMs = now(env);
  const row = plannedRow(fixed, nowMs);
  // Written down with the plan, and kept whatever the settings become: two judges are not compared.
  await fixJudges(tx, [id], configuredJudge(env), new Date(nowMs));
  const judge = (await judgesOf(tx, [id])).get(id);
  const judged =
    judge && ` Its answers are judged by ${judge.name}, ${judge.rate * 100} % of them.`;
  const reason = `planned: ${plan.first_share * 100} % first (${plan.first_share_reason}). ${plan.promise}${judged ?? ''}`;
  await recordPlanned(tx, env, { row, atMs: nowMs, who, why, reason, requestId });
  const made = await findRollout(tx, id);
  if (made === undefined)
    throw new AppError('conflict', `Experiment ${id} was made by somebody else just now.`);
  return made;
}
