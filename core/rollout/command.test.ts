// What operators have a say in: approvals, pauses and every command, and what goes on meanwhile.

import { describe, expect, it } from 'vitest';
import { command } from './command.ts';
import { decide } from './decide.ts';
import { plannedState, type RolloutState } from './state.ts';
import {
  at,
  evidence,
  facts,
  frozen,
  HOUR_MS,
  harm,
  kinds,
  paused,
  proven,
  running,
  state,
  T0,
  waiting,
} from './testing.ts';

describe('approvals', () => {
  const careful = { autoAdvance: false };

  it('are asked for at every step, and waiting is not running time', () => {
    const ready = decide(running(), facts(), at(24, careful));
    expect(ready.next.at).toMatchObject({ phase: 'waiting', step: 'advance' });
    expect(kinds(ready.effects)).toEqual(['action']);
    const later = decide(ready.next, facts(), at(24 + 20 * 24, careful));
    expect(later.next.at).toMatchObject({
      phase: 'waiting',
      progress: { runningMs: 24 * HOUR_MS },
    });
    expect(kinds(later.effects)).toEqual(['action']);
  });

  it('carry the rollout one step up', () => {
    const look = at(26, careful);
    const approved = command(
      waiting('advance'),
      { action: 'approve', reason: 'ok' },
      facts(),
      look,
    );
    expect(approved).toMatchObject({ ok: true, effects: [{ kind: 'share', shareBp: 2_500 }, {}] });
  });

  it.each([
    ['a harm', facts({ evidence: evidence({ harm: proven('errors up') }) })],
    ['a candidate that is down', facts({ candidateDown: 'time-outs' })],
    ['another production model', facts({ production: 'newer' })],
    ['data that went missing', facts({ evidence: null })],
  ])('lose against %s that came meanwhile', (_what, now) => {
    const approved = command(
      waiting('finish', { stage: 3 }),
      { action: 'approve', reason: 'ok' },
      now,
      at(26),
    );
    expect(approved.ok).toBe(false);
  });

  it('still go back at harm while waiting', () => {
    const harmed = facts({ evidence: evidence({ harm: proven('worse') }) });
    expect(decide(waiting('promote'), harmed, at(1)).next.at).toMatchObject({
      outcome: 'rolled_back',
    });
  });

  it('wait for quiet anew after a look that was not, and have it without running time', () => {
    const rules = { ...careful, quietHours: 168 };
    const ready = waiting('promote', { stage: 2, quietMs: 168 * HOUR_MS });
    const amber = facts({ evidence: evidence({ harm: harm({ amber: true }) }) });
    const after = decide(ready, amber, at(1, rules));
    const early = decide(after.next, facts(), at(168, rules));
    expect(early.reason).toBe('hold: 167 of 168 h without amber');
    const again = decide(early.next, facts(), at(169, rules));
    expect(again.reason).toBe('waits for approval to promote');
    expect(again.next.at).toMatchObject({ progress: { runningMs: 0 } });
  });

  it('can be refused with a reason', () => {
    const refused = command(
      waiting('advance'),
      { action: 'reject', reason: 'tone' },
      facts(),
      at(1),
    );
    expect(refused).toMatchObject({ ok: true, next: { at: { outcome: 'rejected', why: 'tone' } } });
  });
});

describe('a frozen rollout', () => {
  it('stays frozen when production changes, for the split is broken still', () => {
    const { next, effects } = decide(frozen(), facts({ production: 'newer' }), at(1));
    expect(next.at).toMatchObject({ phase: 'frozen', progress: { production: 'newer' } });
    expect(kinds(effects)).toEqual(['info']);
  });

  it('keeps its alarm when a harm is no longer shown, until it ends', () => {
    const hold = { onHarm: 'hold' } as const;
    const harmed = facts({ evidence: evidence({ harm: proven('worse') }) });
    const alarmed = decide(frozen(), harmed, at(1, hold));
    expect(kinds(alarmed.effects)).toEqual(['alarm']);
    const calm = decide(alarmed.next, facts(), at(2, hold));
    expect(kinds(calm.effects)).toEqual(['info']);
    const stopped = command(calm.next, { action: 'stop', reason: 'over' }, facts(), at(3, hold));
    expect(stopped.ok && kinds(stopped.effects)).toEqual(['take_off', 'info', 'over']);
  });
});

describe('pausing', () => {
  it('stops the running time and keeps the harm check', () => {
    const look = at(10);
    const held = command(running(), { action: 'pause', reason: 'holiday' }, facts(), look);
    if (!held.ok) throw new Error(held.reason);
    const later = decide(held.next, facts(), at(100));
    expect(later.next.at).toMatchObject({ phase: 'paused', progress: { runningMs: 0 } });
    const harmed = facts({ evidence: evidence({ harm: proven('worse') }) });
    expect(decide(later.next, harmed, at(101)).next.at).toMatchObject({ outcome: 'rolled_back' });
    const resumed = command(later.next, { action: 'resume', reason: 'back' }, facts(), at(100));
    if (!resumed.ok) throw new Error(resumed.reason);
    expect(decide(resumed.next, facts(), at(101)).next.at).toMatchObject({
      phase: 'running',
      progress: { runningMs: HOUR_MS },
    });
  });
});

describe('commands', () => {
  const ended = () => state({ phase: 'ended', outcome: 'stopped', why: 'enough', atMs: T0 });
  const queued = () => state({ phase: 'queued', sinceMs: T0 });
  const allowed: Record<string, string[]> = {
    planned: ['start', 'approve', 'reject', 'stop'],
    queued: ['stop'],
    running: ['pause', 'rollback', 'stop'],
    waiting: ['approve', 'reject', 'pause', 'rollback', 'stop'],
    paused: ['resume', 'rollback', 'stop'],
    frozen: ['rollback', 'stop'],
    ended: [],
  };
  const actions = ['start', 'approve', 'reject', 'pause', 'resume', 'rollback', 'stop'] as const;
  const states: RolloutState[] = [
    plannedState(T0),
    queued(),
    running(),
    waiting('advance'),
    paused(),
    frozen(),
    ended(),
  ];

  it.each(states)('do in phase $at.phase exactly what fits it', (held) => {
    const possible = actions.filter(
      (action) => command(held, { action, reason: 'why' }, facts(), at(1)).ok,
    );
    expect(possible).toEqual(allowed[held.at.phase]);
  });

  it('take the candidate off traffic only if it was on it', () => {
    const stop = { action: 'stop', reason: 'enough' } as const;
    const off = (held: RolloutState) => {
      const done = command(held, stop, facts(), at(1));
      return done.ok && done.effects.some(({ kind }) => kind === 'take_off');
    };
    expect(off(plannedState(T0))).toBe(false);
    expect(off(queued())).toBe(false);
    expect([running(), waiting('finish'), paused(), frozen()].every(off)).toBe(true);
  });
});
