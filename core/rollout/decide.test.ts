import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decide } from './decide.ts';
import type { Evidence, Facts } from './facts.ts';
import { afterRefusal } from './refused.ts';
import { plannedState, rolloutStateSchema } from './state.ts';
import {
  at,
  evidence,
  facts,
  HOUR_MS,
  harm,
  kinds,
  policy,
  proven,
  running,
  T0,
} from './testing.ts';

describe('a planned rollout', () => {
  it('waits for an operator and reminds them once a day', () => {
    const early = decide(plannedState(T0), facts(), at(23));
    expect(early.effects).toEqual([]);
    expect(early.reason).toBe('waits for an operator to start it');
    const later = decide(plannedState(T0), facts(), at(24));
    expect(kinds(later.effects)).toEqual(['action']);
    expect(decide(later.next, facts(), at(24.25)).effects).toEqual([]);
  });

  it('starts by itself at the first share where the configuration says so', () => {
    const { next, effects } = decide(plannedState(T0), facts(), at(1, {}, { startsItself: true }));
    expect(next.at).toMatchObject({ phase: 'running', progress: { stage: 0, production: 'old' } });
    expect(effects[0]).toEqual({ kind: 'start', shareBp: 1_000 });
    expect(next.step).toBe(1);
  });

  it('waits with its place in the line while no slice is free, then starts', () => {
    const busy = facts({ placeInLine: 2 });
    const queued = decide(plannedState(T0), busy, at(1, {}, { startsItself: true }));
    expect(queued.next.at.phase).toBe('queued');
    expect(queued.reason).toContain('number 2 in the line');
    expect(decide(queued.next, busy, at(2)).effects).toEqual([]);
    expect(kinds(decide(queued.next, facts(), at(3)).effects)).toEqual(['start', 'info']);
  });
});

describe('a running rollout', () => {
  it('holds until the stage has lasted its hours', () => {
    const { next, reason } = decide(running(), facts(), at(23));
    expect(reason).toBe('hold: 23 of 24 h in this stage');
    expect(next.at).toMatchObject({ phase: 'running', progress: { runningMs: 23 * HOUR_MS } });
    expect(next.step).toBe(7);
  });

  it.each([
    [0, 'advance', { kind: 'share', shareBp: 2_500 }],
    [1, 'advance', { kind: 'share', shareBp: 5_000 }],
    [2, 'promote', { kind: 'share', shareBp: 9_500 }],
    [3, 'finish', { kind: 'promote', against: 'old' }],
  ] as const)('goes up from stage %i (%s)', (stage, _step, effect) => {
    const { next, effects } = decide(running({ stage }), facts(), at(24));
    expect(effects[0]).toEqual(effect);
    expect(next.at.phase).toBe(stage === 3 ? 'ended' : 'running');
  });

  it('counts each stage from its own start', () => {
    const up = decide(running(), facts(), at(24));
    expect(up.next.at).toMatchObject({ progress: { stage: 1, stageRunningMs: 0 } });
    expect(decide(up.next, facts(), at(47)).reason).toContain('23 of 24 h');
  });

  it('needs the promotion shown before the last stage only', () => {
    const unproven = facts({ evidence: evidence({ offline: null }) });
    expect(decide(running({ stage: 1 }), unproven, at(24)).effects[0]?.kind).toBe('share');
    const held = decide(running({ stage: 2 }), unproven, at(24));
    expect(held.effects).toEqual([]);
    expect(held.reason).toBe('hold: no offline comparison');
    expect(decide(running({ stage: 3 }), unproven, at(24)).effects[0]?.kind).toBe('promote');
  });

  it.each([
    ['no data at all', null],
    ['stale data', evidence({ unhealthy: 'nothing recorded in control for 90 minutes' })],
    ['too few users', evidence({ users: { control: 9_000, treatment: 412 } })],
    ['amber', evidence({ harm: harm({ result: 'inconclusive', amber: true }) })],
    ['sums that cannot be read', evidence({ harm: harm({ result: 'error' }) })],
  ])('holds at %s, however long it lasts', (_what, found) => {
    const { effects, next } = decide(running(), facts({ evidence: found }), at(300));
    expect(effects).toEqual([]);
    expect(next.at.phase).toBe('running');
  });

  it('goes back at proven harm, before anything else is looked at', () => {
    const harmed = evidence({
      harm: proven('errors up 310 %'),
      splitBroken: 'split broken',
      unhealthy: 'stale',
      users: { control: 0, treatment: 0 },
    });
    const { next, effects, wakeAtMs } = decide(running(), facts({ evidence: harmed }), at(1));
    expect(next.at).toMatchObject({ phase: 'ended', outcome: 'rolled_back' });
    expect(kinds(effects)).toEqual(['take_off', 'alarm', 'over']);
    expect(wakeAtMs).toBeNull();
  });

  it('tells the harm once and holds where rolling back is left to an operator', () => {
    const harmed = facts({ evidence: evidence({ harm: proven('errors up 310 %') }) });
    const look = at(30, { onHarm: 'hold' });
    const first = decide(running(), harmed, look);
    expect(kinds(first.effects)).toEqual(['alarm']);
    expect(first.next.at.phase).toBe('running');
    const again = decide(first.next, harmed, at(31, { onHarm: 'hold' }));
    expect(again.effects).toEqual([]);
    const blind = decide(again.next, facts({ evidence: null }), at(32, { onHarm: 'hold' }));
    expect(blind.effects).toEqual([]);
    const calm = decide(blind.next, facts(), at(33, { onHarm: 'hold' }));
    expect(kinds(calm.effects)).toEqual(['over']);
  });

  it('ends after its longest time where harm is only held, too', () => {
    const harmed = facts({ evidence: evidence({ harm: proven('errors up 310 %') }) });
    const { next, effects } = decide(running(), harmed, at(14 * 24, { onHarm: 'hold' }));
    expect(next.at).toMatchObject({
      outcome: 'inconclusive',
      why: expect.stringContaining('no verdict after 14 days: errors up 310 %'),
    });
    expect(kinds(effects)).toEqual(['take_off', 'info']);
  });

  it('takes a candidate off that is down, whatever the policy says about harm', () => {
    const down = facts({ candidateDown: '5 failures in a row', evidence: null });
    const { next } = decide(running(), down, at(0.01, { onHarm: 'hold' }));
    expect(next.at).toMatchObject({ outcome: 'rolled_back' });
  });

  it('ends when somebody changes the routing table by hand, and leaves it as they set it', () => {
    const { next, effects } = decide(running(), facts({ routed: false }), at(1));
    expect(kinds(effects)).toEqual(['info']);
    expect(next.at).toMatchObject({ outcome: 'stopped', why: expect.stringContaining('by hand') });
  });

  it('freezes at a broken split and stays frozen, while harm still takes it off', () => {
    const lopsided = facts({ evidence: evidence({ splitBroken: 'E = 4,000' }) });
    const { next, effects } = decide(running(), lopsided, at(1));
    expect(next.at).toMatchObject({ phase: 'frozen', why: 'E = 4,000' });
    expect(kinds(effects)).toEqual(['alarm']);
    expect(decide(next, facts(), at(400)).next.at.phase).toBe('frozen');
    const harmed = facts({ evidence: evidence({ harm: proven('worse') }) });
    expect(decide(next, harmed, at(2)).next.at).toMatchObject({ outcome: 'rolled_back' });
  });

  it('ends inconclusive after its longest time and says what was missing', () => {
    const few = facts({ evidence: evidence({ users: { control: 9_000, treatment: 388 } }) });
    const { next, effects } = decide(running(), few, at(14 * 24));
    expect(next.at).toMatchObject({ phase: 'ended', outcome: 'inconclusive' });
    expect(next.at).toMatchObject({
      why: expect.stringContaining('388 of 1,000 users in treatment'),
    });
    expect(kinds(effects)).toEqual(['take_off', 'info']);
  });

  it('goes up at the end of its time where nothing stands against it, and ends where something does', () => {
    const days14 = { stage: 2, stageRunningMs: 60 * HOUR_MS, runningMs: 336 * HOUR_MS };
    const up = decide(running(days14), facts(), at(0));
    expect(up.next.at).toMatchObject({ phase: 'running', progress: { stage: 3 } });
    const amber = facts({ evidence: evidence({ harm: harm({ amber: true }) }) });
    expect(decide(running(days14), amber, at(0)).next.at).toMatchObject({
      outcome: 'inconclusive',
    });
  });

  it('has in the last stage as long again: what let it in was shown', () => {
    const inLast = (hours: number) =>
      running({ stage: 3, stageRunningMs: hours * HOUR_MS, runningMs: (335 + hours) * HOUR_MS });
    expect(decide(inLast(1), facts(), at(0)).next.at.phase).toBe('running');
    expect(decide(inLast(24), facts(), at(0)).next.at).toMatchObject({ outcome: 'promoted' });
    const amber = facts({ evidence: evidence({ harm: harm({ amber: true }) }) });
    expect(decide(inLast(335), amber, at(0)).next.at.phase).toBe('running');
    expect(decide(inLast(336), amber, at(0)).next.at).toMatchObject({ outcome: 'inconclusive' });
  });

  it.each<[string, Partial<Evidence> | null, number]>([
    ['nothing is wrong', {}, 11],
    ['harm is likely', { harm: harm({ amber: true }) }, 0],
    ['harm is proven and only held', { harm: proven('worse') }, 0],
    ['nothing arrives', { unhealthy: 'nothing recorded' }, 10],
    ['it cannot be computed', { harm: harm({ result: 'error' }) }, 10],
    ['nobody can read it', null, 10],
  ])('counts an hour as quiet only while it is: %s', (_, seen, hours) => {
    const found = facts({ evidence: seen && evidence(seen) });
    const before = running({ quietMs: 10 * HOUR_MS });
    const { next } = decide(before, found, at(1, { onHarm: 'hold' }));
    expect(next.at).toMatchObject({ progress: { quietMs: hours * HOUR_MS } });
  });

  it('promotes against the production that it was compared with', () => {
    const last = running({ stage: 3, stageRunningMs: 24 * HOUR_MS });
    const { next, effects } = decide(last, facts(), at(0));
    expect(effects[0]).toEqual({ kind: 'promote', against: 'old' });
    const refusal = { sentence: 'another is in production', isProduction: false };
    const stopped = afterRefusal(next, { kind: 'promote', against: 'old' }, refusal, at(0));
    expect(kinds(stopped?.effects ?? [])).toEqual(['take_off', 'info']);
    expect(stopped?.next.at).toMatchObject({ phase: 'ended', outcome: 'stopped' });
  });

  it('starts counting anew when production changes under it', () => {
    const { next, effects, reason } = decide(
      running({ stage: 1, runningMs: 90 * HOUR_MS, stageRunningMs: 20 * HOUR_MS }),
      facts({ production: 'newer', evidence: evidence({ harm: proven('against the old one') }) }),
      at(5),
    );
    expect(next.at).toMatchObject({
      phase: 'running',
      progress: { stage: 1, runningMs: 0, stageRunningMs: 0, production: 'newer' },
    });
    expect(kinds(effects)).toEqual(['info']);
    expect(reason).toContain('from old to newer');
  });

  it('adds nothing when the clock goes back', () => {
    const { next } = decide(running({ runningMs: HOUR_MS }), facts(), at(-5));
    expect(next.at).toMatchObject({ progress: { runningMs: HOUR_MS } });
  });
});

describe('any sequence of looks', () => {
  const anyEvidence: fc.Arbitrary<Evidence> = fc.record({
    harm: fc.constantFrom(
      harm(),
      harm(),
      proven('worse'),
      harm({ result: 'inconclusive', amber: true }),
      harm({ result: 'error' }),
    ),
    splitBroken: fc.constantFrom(null, null, null, 'E = 4,000'),
    unhealthy: fc.constantFrom(null, 'stale'),
    users: fc.record({ control: fc.nat(2_000), treatment: fc.nat(2_000) }),
    offline: fc.constantFrom(
      null,
      { better: true, reason: 'yes' },
      { better: false, reason: 'no' },
    ),
  });
  const anyFacts: fc.Arbitrary<Facts> = fc.record({
    evidence: fc.option(anyEvidence),
    candidateDown: fc.option(fc.constant('down')),
    production: fc.constantFrom('old', 'newer'),
    routed: fc.constantFrom(true, true, true, false),
    placeInLine: fc.option(fc.constantFrom(1, 2)),
  });
  const looks = fc.array(fc.tuple(anyFacts, fc.integer({ min: -2, max: 40 })), { maxLength: 60 });

  it('keeps a storable state, grows the share only, and looks again until it is over', () => {
    fc.assert(
      fc.property(looks, fc.boolean(), fc.boolean(), (sequence, advances, rolls) => {
        const own = policy(
          { autoAdvance: advances, onHarm: rolls ? 'roll_back' : 'hold' },
          { startsItself: true },
        );
        let held = plannedState(T0);
        let nowMs = T0;
        let share = 0;
        for (const [found, hoursLater] of sequence) {
          nowMs += hoursLater * HOUR_MS;
          const { next, effects, wakeAtMs } = decide(held, found, { policy: own, nowMs });
          expect(rolloutStateSchema.parse(next)).toEqual(next);
          expect(wakeAtMs === null).toBe(next.at.phase === 'ended');
          expect(next.step - held.step).toBe(
            effects.length > 0 || next.at.phase !== held.at.phase ? 1 : 0,
          );
          for (const effect of effects) {
            if (effect.kind !== 'start' && effect.kind !== 'share') continue;
            expect(effect.shareBp).toBeGreaterThan(share);
            share = effect.shareBp;
          }
          const up = effects.some(({ kind }) => kind === 'share' || kind === 'promote');
          if (up) {
            const shown = found.evidence;
            expect(shown).toMatchObject({ harm: harm(), splitBroken: null, unhealthy: null });
            expect(Math.min(...Object.values(shown?.users ?? {}))).toBeGreaterThanOrEqual(1_000);
          }
          held = next;
        }
      }),
    );
  });
});
