import fc from 'fast-check';
import { expect, test } from 'vitest';
import { admit, BREAKER_POLICY, type Breaker, type CallResult, CLOSED, settle } from './breaker.ts';

const T0 = 1_800_000_000_000;
const after = (results: readonly CallResult[], from: Breaker = CLOSED, atMs = T0) =>
  results.reduce<Breaker>((breaker, result) => settle(breaker, result, atMs), from);
const failures = (count: number) => Array.from({ length: count }, (): CallResult => 'failed');
const open = after(failures(BREAKER_POLICY.minimumCalls));

test('opens at five failures, not at four', () => {
  expect(after(failures(4)).phase).toBe('closed');
  expect(after(failures(5)).phase).toBe('open');
});

test('stays closed while fewer than half of the last calls fail', () => {
  const mixed: CallResult[] = ['failed', 'ok', 'ok'];
  expect(after(Array.from({ length: 30 }, (_, index) => mixed[index % 3] ?? 'ok')).phase).toBe(
    'closed',
  );
});

test('only the last calls count, so that a long good past does not hide a bad present', () => {
  const past = after(Array.from({ length: 1_000 }, (): CallResult => 'ok'));
  expect(after(failures(9), past).phase).toBe('closed');
  expect(after(failures(10), past).phase).toBe('open');
});

test('failures older than a minute are forgotten', () => {
  const four = after(failures(4));
  expect(settle(four, 'failed', T0 + BREAKER_POLICY.windowMs).phase).toBe('closed');
  expect(settle(four, 'failed', T0 + BREAKER_POLICY.windowMs - 1).phase).toBe('open');
});

test('open lets nobody through, then exactly one', () => {
  expect(admit(open, T0 + BREAKER_POLICY.openMs - 1).allowed).toBe(false);
  const trial = admit(open, T0 + BREAKER_POLICY.openMs);
  expect(trial).toMatchObject({ allowed: true, next: { phase: 'half_open' } });
  expect(admit(trial.next, T0 + BREAKER_POLICY.openMs + 1).allowed).toBe(false);
});

test('a trial closes it, opens it again, or gives its place to the next', () => {
  const { next } = admit(open, T0 + BREAKER_POLICY.openMs);
  expect(settle(next, 'ok', T0)).toEqual(CLOSED);
  expect(settle(next, 'failed', T0).phase).toBe('open');
  expect(admit(settle(next, 'unknown', T0), T0).allowed).toBe(true);
});

test('a trial that was lost with its request does not block for ever', () => {
  const startMs = T0 + BREAKER_POLICY.openMs;
  const { next } = admit(open, startMs);
  expect(admit(next, startMs + BREAKER_POLICY.trialMs).allowed).toBe(true);
});

test('a call from before it opened changes nothing', () => {
  expect(settle(open, 'ok', T0)).toBe(open);
  expect(settle(open, 'failed', T0 + 9_000)).toBe(open);
});

test('a clock that goes back neither keeps it open nor keeps old failures', () => {
  expect(admit(open, T0 - 3_600_000).allowed).toBe(true);
  expect(settle(after(failures(4)), 'failed', T0 - 3_600_000).phase).toBe('closed');
});

test('whatever happens, somebody is let through again within an open spell and a lost trial', () => {
  const step = fc.record({
    gapMs: fc.integer({ min: 0, max: 20_000 }),
    result: fc.constantFrom<CallResult>('ok', 'failed', 'unknown'),
    lost: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      let breaker = CLOSED;
      let nowMs = T0;
      let admittedMs = T0;
      for (const { gapMs, result, lost } of steps) {
        nowMs += gapMs;
        const { allowed, next } = admit(breaker, nowMs);
        breaker = allowed && !lost ? settle(next, result, nowMs) : next;
        if (allowed) admittedMs = nowMs;
        expect(nowMs - admittedMs).toBeLessThan(BREAKER_POLICY.openMs + BREAKER_POLICY.trialMs);
      }
    }),
  );
});
