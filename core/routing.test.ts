import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  assign,
  decideRoute,
  initialTable,
  type RouteCommand,
  type RoutingTable,
} from './routing.ts';

const T0 = Date.parse('2026-10-18T10:00:00Z');
const start: RouteCommand = { action: 'start', modelId: '2026-w42.1', shareBp: 1000 };

function after(...commands: RouteCommand[]): RoutingTable {
  return commands.reduce((table, command) => {
    const decision = decideRoute(table, command, T0);
    if (!decision.ok) throw new Error(decision.reason);
    return decision.next;
  }, initialTable('base'));
}

test('a started candidate gets its share and production the rest', () => {
  const table = after(start);
  const arms = Array.from({ length: 20_000 }, (_, i) => assign(table, `v${i}`).arm);
  const treated = arms.filter((arm) => arm === 'treatment').length / arms.length;
  expect(treated).toBeGreaterThan(0.09);
  expect(treated).toBeLessThan(0.11);
});

test('ramping up only ever adds visitors to the treatment', () => {
  fc.assert(
    fc.property(fc.string(), fc.integer({ min: 1000, max: 10_000 }), (visitor, shareBp) => {
      const before = assign(after(start), visitor);
      const later = assign(after(start, { action: 'share', shareBp }), visitor);
      return before.arm === 'control' || later.arm === 'treatment';
    }),
  );
});

test('promotion ends the experiment and keeps the predecessor for a roll-back', () => {
  const promoted = after(start, { action: 'promote' });
  expect(promoted).toMatchObject({ production: '2026-w42.1', previous: 'base', experiment: null });
  expect(after(start, { action: 'promote' }, { action: 'rollback' })).toMatchObject({
    production: 'base',
    previous: null,
  });
});

test('a roll-back during an experiment takes the candidate off and keeps production', () => {
  expect(after(start, { action: 'rollback' })).toMatchObject({
    production: 'base',
    experiment: null,
  });
});

test.each<[string, RouteCommand[], RouteCommand, string]>([
  ['a second candidate', [start], { ...start, modelId: 'x' }, 'already at 10 %'],
  ['what is already live', [], { ...start, modelId: 'base' }, 'already in production'],
  ['a share without a candidate', [], { action: 'share', shareBp: 2500 }, 'start one first'],
  ['a smaller share', [start], { action: 'share', shareBp: 500 }, 'only grows'],
  [
    'promoting another candidate than the operator saw',
    [start],
    { action: 'promote', modelId: '2026-w41.1' },
    'by now, not 2026-w41.1',
  ],
  [
    'a share of another candidate than the operator saw',
    [start],
    { action: 'share', shareBp: 2500, modelId: '2026-w41.1' },
    'by now, not 2026-w41.1',
  ],
  ['promoting nothing', [], { action: 'promote' }, 'start one first'],
  ['going back with nothing to go back to', [], { action: 'rollback' }, 'no earlier production'],
])('refuses %s', (_name, before, command, reason) => {
  const decision = decideRoute(after(...before), command, T0);
  expect(decision).toMatchObject({ ok: false });
  expect(decision.ok ? '' : decision.reason).toContain(reason);
});

test('each change has the next version', () => {
  expect(after(start, { action: 'share', shareBp: 2500 }, { action: 'promote' }).version).toBe(3);
});
