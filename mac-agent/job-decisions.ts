/**
 * What the job runner decides, as functions of facts: how an attempt ended, which checkpoint is newest,
 * what of a loss curve is kept. Pure: no clock, no files, no network.
 */
import type { TrainerDone, TrainerEvent } from './trainer-events.ts';
import type { TrainerExit } from './trainer-process.ts';

/** Why an attempt is being ended from outside. */
export type Halt = 'lease_lost' | 'cancelled' | 'stopping';

export type Failure = { code: string; message: string; retryable: boolean };

export type Outcome =
  | { kind: 'finish'; done: TrainerDone }
  | { kind: 'fail'; failure: Failure }
  /** The lease is gone: nothing may be reported, another holder answers for the job. */
  | { kind: 'abandon' };

export type TrainerFacts = {
  halt: Halt | null;
  done: TrainerDone | null;
  error: { code: string; message: string } | null;
  exit: TrainerExit;
};

/** Errors of the trainer that another attempt with the same job would meet again. */
const PERMANENT = new Set(['bad_job', 'bad_dataset', 'bad_base', 'diverged']);

export const failureOfHalt = (halt: Exclude<Halt, 'lease_lost'>): Failure =>
  halt === 'cancelled'
    ? { code: 'cancelled', message: 'An operator cancelled the job.', retryable: false }
    : {
        code: 'agent_stopped',
        message: 'The agent was stopped; the last checkpoint is kept and the next attempt goes on.',
        retryable: true,
      };

export const decideAfterTrainer = (facts: TrainerFacts): Outcome => {
  const { halt, done, error, exit } = facts;
  if (halt === 'lease_lost') return { kind: 'abandon' };
  if (halt !== null) return { kind: 'fail', failure: failureOfHalt(halt) };
  if (error !== null) {
    return { kind: 'fail', failure: { ...error, retryable: !PERMANENT.has(error.code) } };
  }
  if (exit.code === 0 && done !== null) return { kind: 'finish', done };
  const how = exit.signal === null ? `code ${exit.code}` : `signal ${exit.signal}`;
  const last = exit.stderrTail.trim().split('\n').at(-1) ?? '';
  const what = exit.code === 0 ? 'without a result' : `with ${how}`;
  return {
    kind: 'fail',
    failure: {
      code: 'trainer_crashed',
      message: `The trainer left ${what}. Its last words: ${last.slice(0, 300) || 'none'}`,
      retryable: true,
    },
  };
};

const CHECKPOINT = /^(\d+)-[a-z]+-(\d+)\.safetensors$/;

/** The furthest of the files `<phase number>-<phase>-<step>.safetensors`; others are not looked at. */
export const newestCheckpoint = (names: readonly string[]): string | null => {
  const ranked = names.flatMap((name) => {
    const match = CHECKPOINT.exec(name);
    return match ? [{ name, phase: Number(match[1]), step: Number(match[2]) }] : [];
  });
  ranked.sort((a, b) => b.phase - a.phase || b.step - a.step);
  return ranked[0]?.name ?? null;
};

export type LossPoint = [number, number];
export const MAX_LOSSES = 2000;

/** A loss curve over all phases; halved in resolution when it grows past what a report may carry. */
export type LossLog = {
  points: LossPoint[];
  every: number;
  phase: string;
  offset: number;
  last: number;
};

export const emptyLossLog = (): LossLog => ({
  points: [],
  every: 1,
  phase: '',
  offset: 0,
  last: 0,
});

export const recordLoss = (
  log: LossLog,
  event: Extract<TrainerEvent, { event: 'step' }>,
): LossLog => {
  const changed = log.phase !== '' && log.phase !== event.phase;
  const offset = changed ? log.last : log.offset;
  const step = offset + event.step;
  const next = { ...log, phase: event.phase, offset, last: step };
  if (event.loss === null || !Number.isFinite(event.loss) || step % log.every !== 0) return next;
  const points: LossPoint[] = [...log.points, [step, event.loss]];
  if (points.length <= MAX_LOSSES) return { ...next, points };
  const every = log.every * 2;
  return { ...next, every, points: points.filter(([at]) => at % every === 0) };
};
