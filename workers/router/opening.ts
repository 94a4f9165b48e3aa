// Until the first token: which model is asked, and who stands in for it. A candidate that its
// breaker keeps away, or that fails or hangs, is replaced by production before anything is sent; production
// itself is asked once more.
// Production is always asked: nothing here may keep a visitor from the last resort.

import {
  type ModelFailure,
  type ModelRequest,
  ModelServerError,
  type Piece,
  streamAnswer,
} from '../../adapters/model-server/index.ts';
import type { ModelPatience, Patience } from '../../core/patience.ts';
import { type Env, gatewayOf, now } from '../env.ts';
import { breakers } from './breakers.ts';

export type AssignedFailure = ModelFailure | 'circuit_open';

export interface OpeningPlan {
  assigned: string;
  production: string;
  request: Pick<ModelRequest, 'messages' | 'parameters' | 'traceparent'>;
  patience: Patience;
  /** Aborted when the client leaves: then nobody else is asked. */
  signal: AbortSignal;
  /** Settings are tried on production: what fails may be theirs, so it says nothing of the model. */
  settingsTried: boolean;
}

/** Pieces as they come; those that arrive together are one batch. */
export type Pieces = AsyncGenerator<readonly Piece[], void>;

type Tried =
  | {
      ok: true;
      model: string;
      /** Everything up to the first text; without a word, all there is. */
      first: readonly Piece[];
      spoke: boolean;
      rest: Pieces;
    }
  | { ok: false; model: string; failure: ModelFailure; detail: string };

/** `assignedFailure`: why production was asked in the place of what was assigned, or again; null when it was not. */
export type Opening = Tried & { assignedFailure: AssignedFailure | null };

/** Never throws. An opened model's breaker is settled by whoever reads the answer to its end. */
export async function openAnswer(env: Env, plan: OpeningPlan): Promise<Opening> {
  const { assigned, production, patience, signal } = plan;
  if (assigned === production) return openProduction(env, plan);
  if (!breakers.admits(assigned, now(env))) {
    return { ...(await lastResort(env, plan)), assignedFailure: 'circuit_open' };
  }
  const tried = await tryModel(env, assigned, plan, patience.candidate);
  if (tried.ok && tried.spoke) return { ...tried, assignedFailure: null };
  if (signal.aborted) {
    breakers.settle(assigned, 'unknown', now(env));
    return { ...tried, assignedFailure: null };
  }
  const replaced = await lastResort(env, plan);
  if (tried.ok && !(replaced.ok && replaced.spoke)) {
    // Nobody has anything to say to this: the shortest of answers is nobody's failure.
    if (replaced.ok) breakers.settle(production, 'ok', now(env));
    return { ...tried, assignedFailure: null };
  }
  const failure = tried.ok ? 'broken' : tried.failure;
  // What fails while production fails too, or for want of a place in the gateway's queue, is no
  // sign of a bad version.
  const guilty = replaced.ok && failure !== 'busy';
  breakers.settle(assigned, guilty ? 'failed' : 'unknown', now(env));
  return { ...replaced, assignedFailure: failure };
}

/** Failures that come at once and may be gone the next moment; a queue that is full or a model that hangs is not. */
const PASSING: readonly ModelFailure[] = ['unreachable', 'refused', 'broken', 'garbage'];

/**
 * What fails without a word is asked once more, as a candidate's failure is replaced. So visitors see fewer
 * failures, and both arms of an experiment count them by one rule: were only a candidate's counted, one that is
 * production's equal would be taken for worse.
 */
async function openProduction(env: Env, plan: OpeningPlan): Promise<Opening> {
  const tried = await lastResort(env, plan);
  const passes = tried.ok ? !tried.spoke : PASSING.includes(tried.failure);
  if (!passes || plan.signal.aborted || !breakers.isWell(plan.production)) {
    return { ...tried, assignedFailure: null };
  }
  const again = await lastResort(env, plan);
  if (!again.ok || !again.spoke) return { ...(tried.ok ? tried : again), assignedFailure: null };
  return { ...again, assignedFailure: tried.ok ? 'broken' : tried.failure };
}

async function lastResort(env: Env, plan: OpeningPlan): Promise<Tried> {
  // Production is asked whatever its breaker says, but the breaker must hear of the trial to close.
  breakers.admits(plan.production, now(env));
  const tried = await tryModel(env, plan.production, plan, plan.patience.production);
  if (!tried.ok && !plan.signal.aborted) {
    breakers.settle(plan.production, plan.settingsTried ? 'unknown' : 'failed', now(env));
  }
  return tried;
}

async function tryModel(
  env: Env,
  model: string,
  { request, signal }: OpeningPlan,
  patience: ModelPatience,
): Promise<Tried> {
  try {
    const rest = ask(env, { model, ...request, patience }, signal);
    const first: Piece[] = [];
    let spoke = false;
    while (!spoke) {
      const next = await rest.next();
      if (next.done) break;
      first.push(...next.value);
      spoke = next.value.some(({ type }) => type === 'text');
    }
    if (first.length === 0) throw new ModelServerError('broken', 'an empty stream');
    return { ok: true, model, first, spoke, rest };
  } catch (error) {
    const failure = error instanceof ModelServerError ? error.failure : 'broken';
    const detail = error instanceof Error ? `${error.name}: ${error.message}` : 'unknown';
    return { ok: false, model, failure, detail };
  }
}

/** A model by name, past the routing table; used to measure and to compare, never for visitors. */
export function ask(env: Env, request: ModelRequest, signal: AbortSignal): Pieces {
  return streamAnswer(gatewayOf(env), request, signal);
}
