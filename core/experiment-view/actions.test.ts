// What is offered is what the engine would take.
import { expect, it } from 'vitest';
import {
  evidence,
  facts,
  policy,
  progress,
  proven,
  running,
  state,
  T0,
  waiting,
} from '../rollout/testing.ts';
import { actionsNow } from './actions.ts';

const look = { policy: policy({ autoAdvance: false }), nowMs: T0 };
const offered = (of: Parameters<typeof actionsNow>[0], known = facts()) =>
  actionsNow(of, known, look).map(({ action }) => action);

it('offers by phase what the engine would do', () => {
  const planned = state({ phase: 'planned', sinceMs: T0, remindedAtMs: T0 });
  expect(offered(planned)).toEqual(['start', 'approve', 'reject', 'stop']);
  expect(offered(state({ phase: 'queued', sinceMs: T0 }))).toEqual(['stop']);
  expect(offered(running())).toEqual(['pause', 'stop', 'rollback']);
  expect(offered(waiting('advance'))).toEqual(['approve', 'reject', 'pause', 'stop', 'rollback']);
  const paused = state({ phase: 'paused', progress: progress(), sinceMs: T0 });
  expect(offered(paused)).toEqual(['resume', 'stop', 'rollback']);
  const frozen = state({ phase: 'frozen', progress: progress(), why: 'the split is broken' });
  expect(offered(frozen)).toEqual(['stop', 'rollback']);
  const over = state({ phase: 'ended', outcome: 'promoted', why: 'held', atMs: T0 });
  expect(offered(over)).toEqual([]);
});

it('says why an approval that is waited for would be refused now', () => {
  const approve = (known: ReturnType<typeof facts>) =>
    actionsNow(waiting('advance'), known, look).find(({ action }) => action === 'approve');
  expect(approve(facts())?.refusal).toBeNull();
  const harmed = facts({ evidence: evidence({ harm: proven('error 5 % in treatment') }) });
  expect(approve(harmed)?.refusal).toBe('it may not go up now; error 5 % in treatment');
  expect(approve(facts({ production: 'newer' }))?.refusal).toContain('production is newer by now');
});
