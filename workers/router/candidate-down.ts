// The fast path off traffic: when this isolate's breaker keeps a candidate away while production answers,
// its experiment is told, which takes it off for everyone. Nobody waits for it, and a failure is left to
// the next answer.

import type { Assignment } from '../../core/routing.ts';
import { rolloutAnswerSchema } from '../../functions/rollout/experiment-object.ts';
import { callObject } from '../durable.ts';
import { type Env, now } from '../env.ts';
import { breakers } from './breakers.ts';

export function tellIfDown(
  env: Env,
  context: Pick<ExecutionContext, 'waitUntil'>,
  { assignment, production }: { assignment: Assignment; production: string },
): void {
  const { experimentId, model } = assignment;
  if (experimentId === null || model === production) return;
  if (!breakers.isDown(model, { while: production })) return;
  if (!breakers.mayTell(experimentId, now(env))) return;
  context.waitUntil(
    callObject({
      namespace: env.EXPERIMENTS,
      name: experimentId,
      path: '/down',
      body: { id: experimentId, why: `calls to ${model} fail while ${production} answers` },
      answer: rolloutAnswerSchema,
      timeoutMs: 20_000,
    }).catch(() => {
      // Also where an operator routed it by hand, and there is no rollout to tell.
      console.error(
        JSON.stringify({
          level: 'error',
          code: 'candidate_down_untold',
          experiment_id: experimentId,
        }),
      );
    }),
  );
}
