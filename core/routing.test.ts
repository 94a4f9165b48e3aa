import fc from 'fast-check';
import { expect, test } from 'vitest';
import { BUILT_IN } from './answer-settings.ts';
import { BUCKETS } from './assignment.ts';
import { decideRoute, type RouteCommand } from './route-commands.ts';
import { assign, initialTable, type RoutingTable, routingTableSchema } from './routing.ts';

const T0 = Date.parse('2026-10-18T10:00:00Z');
const start = {
  action: 'start' as const,
  modelId: '2026-w42.1',
  shareBp: 1000,
} satisfies RouteCommand;

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

test('slices are disjoint: a visitor belongs to one experiment at most, by one salt for all', () => {
  const table = after(
    { ...start, sliceBp: 3000 },
    { ...start, modelId: '2026-w43.1', sliceBp: 5000 },
  );
  const visitors = Array.from({ length: 20_000 }, (_, i) => `v${i}`);
  const counted = Map.groupBy(visitors, (visitor) => assign(table, visitor).experimentId);
  const [first, second] = table.experiments;
  expect((counted.get(first?.id ?? '')?.length ?? 0) / 20_000).toBeCloseTo(0.3, 1);
  expect((counted.get(second?.id ?? '')?.length ?? 0) / 20_000).toBeCloseTo(0.5, 1);
  expect((counted.get(null)?.length ?? 0) / 20_000).toBeCloseTo(0.2, 1);
});

test('a share is of the slice, and does not depend on who is in the slice', () => {
  const table = after({ ...start, shareBp: 5000, sliceBp: 2000 });
  const arms = Array.from({ length: 50_000 }, (_, i) => assign(table, `v${i}`).arm);
  const inside = arms.filter((arm) => arm !== 'none');
  const treated = inside.filter((arm) => arm === 'treatment').length / inside.length;
  expect(treated).toBeGreaterThan(0.47);
  expect(treated).toBeLessThan(0.53);
});

test('another experiment that starts or ends moves nobody of this one', () => {
  const alone = after({ ...start, sliceBp: 4000 });
  const beside = after(
    { ...start, sliceBp: 4000 },
    { ...start, modelId: '2026-w43.1', sliceBp: 6000 },
  );
  const [mine] = alone.experiments;
  fc.assert(
    fc.property(fc.string(), (visitor) => {
      const before = assign(alone, visitor);
      return before.experimentId !== mine?.id || before.arm === assign(beside, visitor).arm;
    }),
  );
});

const treatedBy = (table: RoutingTable, visitors: readonly string[]) =>
  visitors.find((visitor) => assign(table, visitor).arm === 'treatment') ?? '';

const oldTable = {
  schema: 1,
  version: 7,
  production: '2026-w41.1',
  previous: 'base',
  experiment: {
    id: 'exp-2026-w42.1-7',
    salt: '2026-w42.1:7',
    candidate: '2026-w42.1',
    shareBp: 2500,
    startedAt: T0,
  },
  updatedAt: T0,
};

test('a table from before slices is read as one experiment on everyone', () => {
  expect(routingTableSchema.parse(oldTable)).toEqual({
    schema: 2,
    version: 7,
    production: '2026-w41.1',
    previous: 'base',
    experiments: [
      {
        ...oldTable.experiment,
        fromBp: 0,
        toBp: BUCKETS,
        stratum: 0,
        stratumStartedAt: T0,
      },
    ],
    updatedAt: T0,
  });
  expect(routingTableSchema.parse({ ...oldTable, experiment: null }).experiments).toEqual([]);
});

test('reading an old table again changes nothing, and its visitors stay where they were', () => {
  const read = routingTableSchema.parse(oldTable);
  expect(routingTableSchema.parse(read)).toEqual(read);
  // Golden: computed by the version that had no slices.
  const expected = ['gus'];
  const treated = ['ann', 'ben', 'cem', 'dia', 'eva', 'fay', 'gus', 'hal'].filter(
    (visitor) => assign(read, visitor).arm === 'treatment',
  );
  expect(treated).toEqual(expected);
});

const settings = { id: 'settings-0123456789ab', name: 'short', body: BUILT_IN };
const tried = { action: 'start', shareBp: 1000, settings } satisfies RouteCommand;

test('where settings are tried both arms have production\u2019s model, whichever that is', () => {
  const table = after(tried);
  const visitors = Array.from({ length: 400 }, (_, n) => `v${n}`);
  const arms = visitors.map((visitor) => assign(table, visitor));
  expect(new Set(arms.map(({ model }) => model))).toEqual(new Set([table.production]));
  for (const { arm, settings: under } of arms) {
    expect(under).toEqual(arm === 'treatment' ? settings : undefined);
  }
  const next = assign({ ...table, production: 'newer' }, treatedBy(table, visitors));
  expect(next).toMatchObject({ arm: 'treatment', model: 'newer', settings });
});

test('a model under trial is answered under production\u2019s settings', () => {
  const table = { ...after(start), settings };
  const arms = Array.from({ length: 200 }, (_, n) => assign(table, `v${n}`));
  expect(arms.every((arm) => arm.settings === settings)).toBe(true);
  expect(new Set(arms.map(({ model }) => model)).size).toBe(2);
});

test('who is told how long the prompt was takes no part where settings are tried', () => {
  const visitors = Array.from({ length: 200 }, (_, n) => `v${n}`);
  const sees = { seesPromptTokens: true };
  expect(visitors.map((visitor) => assign(after(tried), visitor, sees).arm)).not.toContain(
    'treatment',
  );
  expect(visitors.map((visitor) => assign(after(start), visitor, sees).arm)).toContain('treatment');
});

test('a table without settings is stored as it ever was', () => {
  expect(JSON.stringify(after(start))).not.toContain('ettings');
  const table = after(tried);
  expect(routingTableSchema.parse(JSON.parse(JSON.stringify(table)))).toEqual(table);
});

test('overlapping slices are no table', () => {
  const table = after({ ...start, sliceBp: 3000 });
  const experiments = [...table.experiments, ...table.experiments];
  expect(routingTableSchema.safeParse({ ...table, experiments }).success).toBe(false);
});
