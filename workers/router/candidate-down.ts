// The fast path off traffic: when this isolate's breaker keeps a candidate away while production answers,
// its experiment is told, which takes it off for everyone; a held-out model is given a rest. Nobody waits
// for it, and a failure is left to an answer some seconds later.

import { AppError } from '../../core/errors.ts';
import { REST_MS } from '../../core/holdout.ts';
import { uuidv7 } from '../../core/ids.ts';
import type { Assignment, RoutingTable } from '../../core/routing.ts';
import { rolloutAnswerSchema } from '../../functions/rollout/experiment-object.ts';
import { ENGINE } from '../../functions/rollout/record.ts';
import { changeTable } from '../../functions/rollout/table.ts';
import { callObject } from '../durable.ts';
import { type Env, now, randomBytes } from '../env.ts';
import { report } from '../report.ts';
import { breakers } from './breakers.ts';

export function tellIfDown(
  env: Env,
  context: Pick<ExecutionContext, 'waitUntil'>,
  { assignment, table }: { assignment: Assignment; table: RoutingTable },
): void {
  const { experimentId, model } = assignment;
  const { production } = table;
  if (experimentId === null || model === production) return;
  if (!breakers.isDown(model, { while: production })) return;
  if (!breakers.mayTell(experimentId, now(env))) return;
  const why = `calls to ${model} fail while ${production} answers`;
  const isHeldOut = experimentId === table.holdout?.id;
  const told = isHeldOut ? restHoldout(env, model, why) : tellExperiment(env, experimentId, why);
  context.waitUntil(
    told.catch((error: unknown) => {
      // Where an operator routed it by hand there is no rollout to tell, now or later.
      if (!(error instanceof AppError && error.code === 'not_found')) {
        breakers.untold(experimentId, now(env));
      }
      report('candidate_down_untold', error, { experiment_id: experimentId });
    }),
  );
}

const tellExperiment = (env: Env, id: string, why: string): Promise<unknown> =>
  callObject({
    namespace: env.EXPERIMENTS,
    name: id,
    path: '/down',
    body: { id, why },
    answer: rolloutAnswerSchema,
    timeoutMs: 20_000,
  });

function restHoldout(env: Env, modelId: string, why: string): Promise<unknown> {
  const at = now(env);
  return changeTable(env, {
    request_id: uuidv7(at, randomBytes(10)),
    command: { action: 'rest_holdout', modelId, untilMs: at + REST_MS, reason: why },
    who: ENGINE,
    reason: why,
    at,
  });
}
