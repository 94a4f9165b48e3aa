import { expect, test } from 'vitest';
import {
  decideAfterTrainer,
  emptyLossLog,
  MAX_LOSSES,
  newestCheckpoint,
  recordLoss,
} from './job-decisions.ts';
import type { TrainerDone } from './trainer-events.ts';

const done: TrainerDone = {
  event: 'done',
  verdict: { accepted: true, reason: 'test loss 1.2 against 1.9' },
  metrics: {},
  artifacts: [],
  probes: [],
  trainable_parameters: 1,
};
const exit = { code: 0, signal: null, stderrTail: '' };
const facts = { halt: null, done, error: null, exit };

test('a finished run is finished', () => {
  expect(decideAfterTrainer(facts)).toEqual({ kind: 'finish', done });
});

test('a run whose lease was lost is abandoned even when it finished', () => {
  expect(decideAfterTrainer({ ...facts, halt: 'lease_lost' })).toEqual({ kind: 'abandon' });
});

test('a cancelled run fails for good and a stopped one may go on later', () => {
  expect(decideAfterTrainer({ ...facts, halt: 'cancelled' })).toMatchObject({
    failure: { code: 'cancelled', retryable: false },
  });
  expect(decideAfterTrainer({ ...facts, halt: 'stopping', done: null })).toMatchObject({
    failure: { code: 'agent_stopped', retryable: true },
  });
});

test('a bad dataset is not tried again and an unknown trouble is', () => {
  const failed = { ...facts, done: null, exit: { ...exit, code: 1 } };
  const bad = { code: 'bad_dataset', message: 'line 3 is not JSON' };
  expect(decideAfterTrainer({ ...failed, error: bad })).toMatchObject({
    failure: { ...bad, retryable: false },
  });
  const unknown = { code: 'out_of_memory', message: 'x' };
  expect(decideAfterTrainer({ ...failed, error: unknown })).toMatchObject({
    failure: { retryable: true },
  });
});

test('a trainer that leaves without a result has crashed, with its last words', () => {
  expect(decideAfterTrainer({ ...facts, done: null })).toMatchObject({
    failure: { code: 'trainer_crashed', message: expect.stringContaining('without a result') },
  });
  const killed = { code: null, signal: 'SIGKILL', stderrTail: 'first\nMemoryError\n' };
  expect(decideAfterTrainer({ ...facts, done: null, exit: killed })).toMatchObject({
    failure: { message: expect.stringMatching(/SIGKILL.*MemoryError/), retryable: true },
  });
});

test('the newest checkpoint is of the later phase, then of the later step', () => {
  expect(newestCheckpoint([])).toBeNull();
  expect(newestCheckpoint(['notes', '.0-sft-1.safetensors', '0-sft-x.safetensors'])).toBeNull();
  const sft = ['0-sft-0000200.safetensors', '0-sft-0001000.safetensors'];
  expect(newestCheckpoint(sft)).toBe('0-sft-0001000.safetensors');
  const dpo = '1-dpo-0000050.safetensors';
  expect(newestCheckpoint([...sft, dpo])).toBe(dpo);
});

test('losses of two phases lie one after the other, without gaps where a loss is missing', () => {
  let log = emptyLossLog();
  const step = { event: 'step' as const, phase: 'sft', total_steps: 2 };
  log = recordLoss(log, { ...step, step: 1, loss: 3 });
  log = recordLoss(log, { ...step, step: 2, loss: null });
  log = recordLoss(log, { ...step, phase: 'dpo', step: 1, loss: 0.7 });
  expect(log.points).toEqual([
    [1, 3],
    [3, 0.7],
  ]);
});

test('a long run keeps a loss curve of bounded size over its whole length', () => {
  let log = emptyLossLog();
  for (let step = 1; step <= 10_000; step += 1) {
    log = recordLoss(log, { event: 'step', phase: 'sft', step, total_steps: 10_000, loss: 1 });
  }
  expect(log.points.length).toBeLessThanOrEqual(MAX_LOSSES);
  expect(log.points.length).toBeGreaterThan(MAX_LOSSES / 2);
  expect(log.points.at(-1)?.[0]).toBe(10_000);
});
