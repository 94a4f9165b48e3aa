// One operator's conversation with both arms of an experiment, side by side and asked as visitors ask. Nothing
// of it is written down: it is no answer, counts in no sum, opens no breaker and trains nothing. Neither side
// stands in for the other, so that each shows what it is.

import {
  type ModelRequest,
  ModelServerError,
  type Usage,
} from '../../adapters/model-server/index.ts';
import { withDatabase } from '../../adapters/postgres/connect.ts';
import { findRollout } from '../../adapters/postgres/rollouts.ts';
import { homepagePrompt } from '../../core/answer-prompt.ts';
import { promptVersionOf } from '../../core/answer-settings.ts';
import { AppError } from '../../core/errors.ts';
import { interleave } from '../../core/interleave.ts';
import { PATIENCE } from '../../core/patience.ts';
import { historyOf, unanswered, withEvent } from '../../core/preview.ts';
import {
  type Answerer,
  answererName,
  productionOf,
  type RoutingTable,
  treatmentOf,
} from '../../core/routing.ts';
import type { Arm } from '../../core/statistics/moments.ts';
import type { PreviewAnswer, PreviewRequest, SideEvent } from '../../core/wire/preview.ts';
import { kindOf } from '../../functions/rollout/kind.ts';
import { routingTable } from '../../functions/rollout/table.ts';
import { readSettings } from '../../functions/settings/index.ts';
import { databaseOf, type Env, now, windowOf } from '../env.ts';
import { ask } from '../router/opening.ts';

/** Both sides are waited for as production is, because nobody else answers in their place. */
export const PREVIEW_LIMITS = { patience: PATIENCE.production, wholeMs: 120_000 };
export type PreviewLimits = typeof PREVIEW_LIMITS;

/**
 * What each arm answers with; of one that has not begun, what it would. Throws AppError not_found, or conflict
 * where what is tried has become production.
 */
export async function armsOfExperiment(env: Env, id: string): Promise<Record<Arm, Answerer>> {
  const table = await routingTable(env);
  // One that was routed by hand is in the table alone.
  const running = table.experiments.find((one) => one.id === id);
  const treatment = running ? treatmentOf(table, running) : await plannedTreatment(env, id, table);
  const control = productionOf(table);
  if (answererName(control) !== answererName(treatment)) return { control, treatment };
  throw new AppError(
    'conflict',
    `${answererName(treatment)} is in production now: there are no two sides to ask.`,
  );
}

const plannedTreatment = (env: Env, id: string, table: RoutingTable): Promise<Answerer> =>
  withDatabase(databaseOf(env), async (db) => {
    const candidate = (await findRollout(db, id))?.candidate;
    if (candidate === undefined) throw new AppError('not_found', `There is no experiment ${id}.`);
    const settings =
      kindOf(candidate) === 'settings' ? await readSettings(db, candidate) : undefined;
    return treatmentOf(table, { candidate, settings });
  });

export interface Preview {
  experimentId: string;
  arms: Record<Arm, Answerer>;
  events: AsyncGenerator<SideEvent, void>;
  /** The operator left: stops both models. Harmless afterwards. */
  leave: () => void;
}

export interface PreviewOrder {
  id: string;
  request: PreviewRequest;
  traceparent: string;
  clientSignal: AbortSignal;
}

/** Throws AppError invalid_request where the question is too long for one of them. */
export async function startPreview(
  env: Env,
  { id, request, traceparent, clientSignal }: PreviewOrder,
  limits: PreviewLimits = PREVIEW_LIMITS,
): Promise<Preview> {
  const arms = await armsOfExperiment(env, id);
  const left = new AbortController();
  const signal = AbortSignal.any([clientSignal, left.signal]);
  const side = (arm: Arm) => {
    const { model, settings } = arms[arm];
    const { messages, parameters } = homepagePrompt(
      {
        question: request.message,
        history: historyOf(request.earlier ?? [], arm),
        sources: request.sources ?? [],
      },
      { settings, inUse: [settings] },
      windowOf(env),
    );
    const asked = { model, messages, parameters, traceparent, patience: limits.patience };
    return sideEvents(env, { arm, asked, signal, limits });
  };
  return {
    experimentId: id,
    arms,
    events: interleave([side('treatment'), side('control')]),
    leave: () => left.abort(),
  };
}

interface Asking {
  arm: Arm;
  asked: ModelRequest;
  signal: AbortSignal;
  limits: PreviewLimits;
}

/** Never throws: what goes wrong on this side is an event of it. */
async function* sideEvents(env: Env, asking: Asking): AsyncGenerator<SideEvent, void> {
  const { arm, asked, signal, limits } = asking;
  const startedMs = now(env);
  const late = AbortSignal.timeout(limits.wholeMs);
  let firstMs: number | null = null;
  let finish = 'stop';
  let usage: Usage | undefined;
  const passedMs = () => Math.max(0, now(env) - startedMs);
  const failed = (why: string): SideEvent => ({
    type: 'error',
    arm,
    error: { code: 'model_unavailable', message: `${asked.model} ${why}.` },
    first_token_ms: firstMs,
    total_ms: passedMs(),
  });
  try {
    for await (const batch of ask(env, asked, AbortSignal.any([signal, late]))) {
      let text = '';
      for (const piece of batch) {
        if (piece.type === 'text') text += piece.text;
        if (piece.type === 'finish') finish = piece.reason;
        if (piece.type === 'usage') usage = piece.usage;
      }
      if (text === '') continue;
      firstMs ??= passedMs();
      // As the record keeps answers: the next question may bring it back to us.
      yield { type: 'delta', arm, text: text.replaceAll('\u0000', '').toWellFormed() };
    }
    if (firstMs === null) {
      yield failed('ended without a word');
      return;
    }
    yield {
      type: 'done',
      arm,
      finish_reason: finish,
      first_token_ms: firstMs,
      total_ms: passedMs(),
      usage: usage
        ? { prompt_tokens: usage.promptTokens, completion_tokens: usage.completionTokens }
        : null,
    };
  } catch (error) {
    yield failed(late.aborted ? `was not done after ${limits.wholeMs / 1000} s` : whyFailed(error));
  }
}

const FAILURES = {
  unreachable: 'cannot be reached',
  refused: 'was refused by the model server',
  busy: 'got no place: the model server is busy',
  timed_out: 'did not answer in time',
  broken: 'broke off',
  garbage: 'answered what cannot be read',
} as const;

function whyFailed(error: unknown): string {
  if (!(error instanceof ModelServerError)) return 'failed';
  return `${FAILURES[error.failure]} (${error.message})`;
}

const askedOf = ({ model, settings }: Answerer) => ({
  model_id: model,
  prompt_version: promptVersionOf(settings),
});

/** Lines of the stream. */
export async function* previewLines(preview: Preview): AsyncGenerator<string[], void> {
  const { experimentId, arms } = preview;
  const control = askedOf(arms.control);
  const treatment = askedOf(arms.treatment);
  yield [JSON.stringify({ type: 'meta', experiment_id: experimentId, control, treatment })];
  for await (const event of preview.events) yield [JSON.stringify(event)];
  yield ['[DONE]'];
}

/** Both sides to their end. */
export async function wholePreview({
  experimentId,
  arms,
  events,
}: Preview): Promise<PreviewAnswer> {
  const sides = {
    control: unanswered(askedOf(arms.control)),
    treatment: unanswered(askedOf(arms.treatment)),
  };
  for await (const event of events) sides[event.arm] = withEvent(sides[event.arm], event);
  return { experiment_id: experimentId, ...sides };
}
