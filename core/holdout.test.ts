import fc from 'fast-check';
import { expect, test } from 'vitest';
import { BUCKETS } from './assignment.ts';
import { openWindow } from './calendar.ts';
import {
  decideHoldout,
  differs,
  type HoldoutFacts,
  heldFrom,
  productionAt,
  productionsSince,
  REST_MS,
  stratumOfWeek,
  weekOfStratum,
} from './holdout.ts';
import { decideRoute, type RouteCommand } from './route-commands.ts';
import {
  assign,
  type Holdout,
  initialTable,
  type RoutingTable,
  routingTableSchema,
} from './routing.ts';

const DAY = 86_400_000;
/** A Wednesday; its week began on Sunday 2026-11-15T02:00Z, and four before it on 2026-10-18T02:00Z. */
const T0 = Date.parse('2026-11-18T10:00:00Z');
const week = openWindow(T0);
const THEN = heldFrom(week, 4);
const ON = { enabled: true, share: 0.02, weeks: 4 };
const FIT = { refused: false, flagged: false, prunedAtMs: null };

const change = (atMs: number, from: string, to: string, isRollback = false) => ({
  atMs,
  from,
  to,
  isRollback,
});

const facts = (over: Partial<HoldoutFacts> = {}): HoldoutFacts => ({
  nowMs: T0,
  week,
  past: {
    changes: [change(THEN - DAY, 'base', 'old'), change(THEN + DAY, 'old', 'new')],
    production: 'new',
    firstAnswerMs: THEN - 9 * DAY,
  },
  standing: FIT,
  ready: ['base', 'old', 'new'],
  held: undefined,
  ...over,
});

const held: Holdout = {
  id: 'holdout-4w',
  shareBp: 200,
  model: 'old',
  stratum: stratumOfWeek(week.id),
  reason: 'for a test',
  resting: null,
};

function after(table: RoutingTable, ...commands: RouteCommand[]): RoutingTable {
  return commands.reduce((before, command) => {
    const decision = decideRoute(before, command, T0);
    if (!decision.ok) throw new Error(decision.reason);
    return decision.next;
  }, table);
}
const holding = (over: Partial<Holdout> = {}): RoutingTable =>
  after({ ...initialTable('new') }, { action: 'hold_out', holdout: { ...held, ...over } });

const VISITORS = Array.from({ length: 50_000 }, (_, index) => `v${index}`);
const armsOf = (table: RoutingTable) =>
  Map.groupBy(VISITORS, (visitor) => {
    const { arm, experimentId } = assign(table, visitor);
    return experimentId === 'holdout-4w' ? arm : 'neither';
  });

test('holds so many out on the old model, and compares as many on production with them', () => {
  const table = holding();
  const arms = armsOf(table);
  for (const [arm, model] of [
    ['control', 'old'],
    ['treatment', 'new'],
  ] as const) {
    const own = arms.get(arm) ?? [];
    expect(own.length / VISITORS.length).toBeGreaterThan(0.018);
    expect(own.length / VISITORS.length).toBeLessThan(0.022);
    expect(assign(table, own[0] ?? '')).toEqual({
      model,
      arm,
      experimentId: 'holdout-4w',
      shareBp: BUCKETS / 2,
      stratum: 202647,
    });
  }
});

test('who is held out is in no experiment, whatever runs; slices are of the others', () => {
  const start = { action: 'start' as const, modelId: 'candidate', shareBp: 5000 };
  const table = after(holding(), { ...start, sliceBp: 5000 });
  const both = after(table, { ...start, modelId: 'another', sliceBp: 5000 });
  expect(armsOf(both).get('control')).toEqual(armsOf(holding()).get('control'));
  expect(armsOf(both).get('treatment')).toEqual(armsOf(holding()).get('treatment'));
  const others = armsOf(both).get('neither') ?? [];
  const [first] = both.experiments;
  const inFirst = others.filter((visitor) => assign(both, visitor).experimentId === first?.id);
  expect(inFirst.length / others.length).toBeCloseTo(0.5, 1);
  expect(others.every((visitor) => assign(both, visitor).experimentId !== null)).toBe(true);
});

test('a visitor keeps the arm from week to week, under another model and a larger share', () => {
  fc.assert(
    fc.property(
      fc.string(),
      fc.integer({ min: 1, max: 1000 }),
      fc.integer({ min: 0, max: 1000 }),
      fc.integer({ min: 0, max: 99 }),
      (visitor, shareBp, more, weeksLater) => {
        const before = assign(holding({ shareBp }), visitor);
        const later = holding({
          shareBp: Math.min(1000, shareBp + more),
          model: 'younger',
          stratum: 202647 + weeksLater,
        });
        return before.arm === 'none' || assign(later, visitor).arm === before.arm;
      },
    ),
  );
});

test('promotions and rollbacks leave it alone, and its end leaves the rest alone', () => {
  const start = { action: 'start' as const, modelId: 'candidate', shareBp: 1000 };
  const promoted = after(holding(), start, { action: 'promote' });
  expect(promoted).toMatchObject({ production: 'candidate', holdout: held });
  const back = after(promoted, { action: 'rollback' });
  expect(back).toMatchObject({ production: 'new', holdout: held });
  const ended = after(promoted, { action: 'hold_out', holdout: null });
  expect(ended).toMatchObject({ production: 'candidate', previous: 'new' });
  expect('holdout' in ended).toBe(false);
  expect(decideRoute(ended, { action: 'hold_out', holdout: null }, T0)).toEqual({
    ok: false,
    reason: 'nobody is held out',
  });
});

test.each([
  ['no model', { model: null }],
  ['production itself', { model: 'new' }],
])('with %s for the slice production answers it and nothing is counted', (_, over) => {
  const table = holding(over);
  const [visitor = ''] = armsOf(holding()).get('control') ?? [];
  expect(assign(table, visitor)).toMatchObject({ model: 'new', arm: 'none', experimentId: null });
  expect(armsOf(table).get('treatment')).toBeUndefined();
});

test('a table with and one without it are read back as they were written', () => {
  for (const table of [holding(), initialTable('new')]) {
    expect(routingTableSchema.parse(JSON.parse(JSON.stringify(table)))).toEqual(table);
  }
  expect(
    routingTableSchema.safeParse({ ...holding(), holdout: { ...held, shareBp: 1001 } }),
  ).toMatchObject({ success: false });
});

test('a model that fails is given a rest, unless another one is held out by then', () => {
  const rest = { action: 'rest_holdout' as const, untilMs: T0 + REST_MS, reason: 'calls fail' };
  const table = after(holding(), { ...rest, modelId: 'old' });
  expect(table.holdout).toMatchObject({
    model: null,
    reason: 'calls fail',
    resting: { model: 'old', untilMs: T0 + REST_MS },
  });
  expect(decideRoute(table, { ...rest, modelId: 'old' }, T0)).toMatchObject({ ok: false });
  const during = decideHoldout(ON, facts({ held: table.holdout }));
  expect(during).toEqual({ ...table.holdout });
  expect(differs(table.holdout, during)).toBe(false);
  const afterwards = decideHoldout(ON, facts({ held: table.holdout, nowMs: T0 + REST_MS }));
  expect(afterwards).toMatchObject({ model: 'old', resting: null });
});

test('is the production of four weeks before this week, all week long, and the next one next week', () => {
  const wanted = decideHoldout(ON, facts());
  expect(wanted).toEqual({ ...held, reason: 'production on 2026-10-18, for 2026-w47' });
  const sunday = decideHoldout(ON, facts({ nowMs: week.endMs - 1 }));
  expect(differs(wanted ?? undefined, sunday)).toBe(false);
  const next = decideHoldout(ON, facts({ nowMs: week.endMs, week: openWindow(week.endMs) }));
  expect(next).toMatchObject({ model: 'new', stratum: 202648 });
  expect(next?.reason).toBe('production on 2026-10-25 and still, so there is nothing to compare');
});

test('is off by its setting', () => {
  expect(decideHoldout({ ...ON, enabled: false }, facts({ held }))).toBeNull();
  expect(differs(held, null)).toBe(true);
  expect(differs(undefined, null)).toBe(false);
});

const { past } = facts();
test.each<[string, Partial<HoldoutFacts>, string]>([
  ['learned from an erased visitor', { standing: { ...FIT, flagged: true } }, 'erased since'],
  ['was refused', { standing: { ...FIT, refused: true } }, 'refused by its gate'],
  ['lost its files', { standing: { ...FIT, prunedAtMs: T0 } }, 'lost its files on 2026-11-18'],
  ['is unknown', { standing: null }, 'not in the registry'],
  [
    'is not loaded',
    { ready: ['new'] },
    'old, production on 2026-10-18, is not at the model server',
  ],
  ['may not be loaded', { ready: null }, 'does not say whether it has old'],
  [
    'was rolled back',
    {
      past: { ...past, changes: [change(THEN - 1, 'base', 'old'), change(T0, 'old', 'new', true)] },
    },
    'was rolled back on 2026-11-18',
  ],
  [
    'did not exist',
    { past: { changes: [], production: 'new', firstAnswerMs: THEN + 1 } },
    'nothing was in production on 2026-10-18',
  ],
])('an old model that %s serves nobody, and the reason says so', (_, over, reason) => {
  const wanted = decideHoldout(ON, facts(over));
  expect(wanted?.model).toBeNull();
  expect(wanted?.reason).toContain(reason);
});

test('a model server that does not answer changes nothing within the week', () => {
  const silent = decideHoldout(ON, facts({ held, ready: null }));
  expect(differs(held, silent)).toBe(false);
});

test('what was in production is found without a change before it, once somebody was answered', () => {
  expect(productionAt({ ...past, changes: [] }, THEN)).toBe('new');
  expect(productionAt({ ...past, changes: past.changes.slice(1) }, THEN)).toBe('old');
  expect(productionAt({ ...past, changes: [], firstAnswerMs: null }, THEN)).toBeNull();
});

test('the coming weeks need every production since the moment that this week holds out', () => {
  expect(productionsSince(past, THEN)).toEqual(new Set(['old', 'new']));
  expect(productionsSince(past, THEN + 2 * DAY)).toEqual(new Set(['new']));
});

test('weeks are told apart across years', () => {
  for (const id of ['2026-w01', '2026-w53', '2027-w01']) {
    expect(weekOfStratum(stratumOfWeek(id))).toBe(id);
  }
  expect(stratumOfWeek('2027-w01')).toBeGreaterThan(stratumOfWeek('2026-w53'));
});
