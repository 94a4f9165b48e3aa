import { expect, test } from 'vitest';
import { BUILT_IN } from './answer-settings.ts';
import { decideRoute, freePlaces, type RouteCommand } from './route-commands.ts';
import { initialTable, type RoutingTable } from './routing.ts';

const T0 = Date.parse('2026-10-18T10:00:00Z');
const start = {
  action: 'start' as const,
  modelId: '2026-w42.1',
  shareBp: 1000,
} satisfies RouteCommand;
const onSlice = (modelId: string, sliceBp: number): RouteCommand => ({
  ...start,
  modelId,
  sliceBp,
});
const two = [onSlice('a', 3000), onSlice('b', 5000)];

function after(...commands: RouteCommand[]): RoutingTable {
  return commands.reduce((table, command) => {
    const decision = decideRoute(table, command, T0);
    if (!decision.ok) throw new Error(decision.reason);
    return decision.next;
  }, initialTable('base'));
}
const experimentsAfter = (...commands: RouteCommand[]) =>
  after(...commands).experiments.map(({ candidate, fromBp, toBp, shareBp, stratum }) => ({
    candidate,
    slice: [fromBp, toBp],
    shareBp,
    stratum,
  }));

test('the first experiment has everyone; with a slice, others find room beside it', () => {
  expect(experimentsAfter(start)).toMatchObject([{ slice: [0, 10_000] }]);
  expect(experimentsAfter(...two)).toMatchObject([{ slice: [0, 3000] }, { slice: [3000, 8000] }]);
});

test('a slice that came free is used again', () => {
  const commands: RouteCommand[] = [
    ...two,
    { action: 'rollback', modelId: 'a' },
    onSlice('c', 2500),
  ];
  expect(experimentsAfter(...commands)).toMatchObject([
    { candidate: 'b', slice: [3000, 8000] },
    { candidate: 'c', slice: [0, 2500] },
  ]);
});

test('one of several is named by its model or by its experiment', () => {
  expect(experimentsAfter(...two, { action: 'share', shareBp: 2500, modelId: 'b' })).toMatchObject([
    { shareBp: 1000 },
    { shareBp: 2500 },
  ]);
  expect(experimentsAfter(...two, { action: 'rollback', experimentId: 'exp-b-2' })).toMatchObject([
    { candidate: 'a' },
  ]);
});

test('when production changes, the others go on against it as a new stratum', () => {
  const table = after(...two, { action: 'promote', modelId: 'a' });
  expect(table).toMatchObject({
    production: 'a',
    previous: 'base',
    experiments: [{ candidate: 'b', stratum: 1, stratumStartedAt: T0, fromBp: 3000, toBp: 8000 }],
  });
  const back = after(
    ...two,
    { action: 'promote', modelId: 'a' },
    { action: 'rollback', modelId: 'a' },
  );
  expect(back).toMatchObject({
    production: 'base',
    experiments: [{ candidate: 'b', stratum: 2 }],
  });
});

test('a share that grows, and another experiment that ends, begin no stratum', () => {
  expect(
    experimentsAfter(
      ...two,
      { action: 'share', shareBp: 2500, modelId: 'b' },
      { action: 'rollback', modelId: 'a' },
    ),
  ).toMatchObject([{ candidate: 'b', stratum: 0 }]);
});

test('a model that comes back to production is not tried against itself', () => {
  const table = after(start, { action: 'promote' }, onSlice('base', 4000), {
    action: 'rollback',
    modelId: '2026-w42.1',
  });
  expect(table).toMatchObject({ production: 'base', experiments: [] });
});

test('promotion ends the experiment and keeps the predecessor for a roll-back', () => {
  const promoted = after(start, { action: 'promote' });
  expect(promoted).toMatchObject({ production: '2026-w42.1', previous: 'base', experiments: [] });
  expect(after(start, { action: 'promote' }, { action: 'rollback' })).toMatchObject({
    production: 'base',
    previous: null,
  });
});

test('a roll-back during an experiment takes the candidate off and keeps production', () => {
  expect(after(start, { action: 'rollback' })).toMatchObject({
    production: 'base',
    experiments: [],
  });
});

const settingsOf = (digit: string) => ({
  id: `settings-00000000000${digit}`,
  name: `number ${digit}`,
  body: BUILT_IN,
});
const trying = (digit: string, over: object = {}): RouteCommand => ({
  action: 'start',
  shareBp: 1000,
  settings: settingsOf(digit),
  ...over,
});

test('settings that are promoted are production\u2019s, for whichever model; a roll-back restores what was', () => {
  const promoted = after(trying('1'), { action: 'promote' });
  expect(promoted).toMatchObject({
    production: 'base',
    settings: settingsOf('1'),
    previous: 'base',
    experiments: [],
  });
  expect(promoted).not.toHaveProperty('previousSettings');
  const withModel = after(trying('1'), { action: 'promote' }, start, { action: 'promote' });
  expect(withModel).toMatchObject({
    production: '2026-w42.1',
    settings: settingsOf('1'),
    previous: 'base',
    previousSettings: settingsOf('1'),
  });
  const back = decideRoute(promoted, { action: 'rollback' }, T0);
  expect(back).toMatchObject({
    ok: true,
    next: { production: 'base', previous: null },
    summary: 'the built-in settings restored in place of settings-000000000001 (number 1), on base',
  });
  expect(back).not.toHaveProperty('next.settings');
  const modelBack = decideRoute(withModel, { action: 'rollback', modelId: '2026-w42.1' }, T0);
  expect(modelBack).toMatchObject({ next: { production: 'base', settings: settingsOf('1') } });
});

test('settings in production are rolled back by their id, beside what else runs', () => {
  const table = after(trying('1'), { action: 'promote' }, onSlice('b', 5000), {
    action: 'rollback',
    modelId: settingsOf('1').id,
  });
  expect(table).toMatchObject({
    production: 'base',
    experiments: [{ candidate: 'b', stratum: 1 }],
  });
  expect(table).not.toHaveProperty('settings');
});

test('another production, of a model or of settings, begins a stratum of what else is tried', () => {
  const both = [trying('1', { sliceBp: 3000 }), onSlice('b', 5000)];
  expect(experimentsAfter(...both, { action: 'promote', modelId: 'b' })).toMatchObject([
    { candidate: settingsOf('1').id, stratum: 1 },
  ]);
  expect(
    experimentsAfter(...both, { action: 'promote', modelId: settingsOf('1').id }),
  ).toMatchObject([{ candidate: 'b', stratum: 1 }]);
});

test('settings that come back to production are not tried against themselves', () => {
  const table = after(
    trying('1'),
    { action: 'promote' },
    trying('2', { sliceBp: 3000 }),
    { action: 'promote' },
    trying('1', { sliceBp: 3000 }),
    { action: 'rollback', modelId: settingsOf('2').id },
  );
  expect(table).toMatchObject({ settings: settingsOf('1'), experiments: [] });
});

test.each<[string, RouteCommand[], RouteCommand, string]>([
  ['a model and settings at once', [], trying('1', { modelId: 'x' }), 'a model, or settings'],
  ['neither', [], { action: 'start', shareBp: 1000 }, 'a model, or settings'],
  [
    'one that was compared with another production',
    [...two, { action: 'promote', modelId: 'a', against: 'base' }],
    { action: 'promote', modelId: 'b', against: 'base' },
    'b was compared with base, and a is in production',
  ],
  [
    'settings that the model before had too, by their own name',
    [trying('1'), { action: 'promote' }, start, { action: 'promote' }],
    { action: 'rollback', modelId: settingsOf('1').id },
    'would take the model off, not the settings',
  ],
  ['settings under trial', [trying('1', { sliceBp: 900 })], trying('1'), 'already under trial'],
  [
    'settings in production',
    [trying('1'), { action: 'promote' }],
    trying('1'),
    'already in production',
  ],
  ['a second candidate', [start], { ...start, modelId: 'x' }, 'already at 10 %'],
  ['a slice beside everyone', [start], onSlice('x', 1000), 'no room for a slice of 10 %'],
  ['a slice that is wider than what is free', two, onSlice('x', 2500), 'free one is 20 %'],
  ['a fourth experiment', [...two, onSlice('c', 500)], onSlice('x', 500), 'no more than 3'],
  ['the same candidate twice', two, onSlice('b', 500), 'already under trial'],
  ['a command that could mean either', two, { action: 'promote' }, 'say which one is meant'],
  ['rolling back one of several unnamed', two, { action: 'rollback' }, 'say which one'],
  ['what is not under trial', two, { action: 'promote', modelId: 'x' }, 'x is not under trial'],
  ['ending what does not run', [], { action: 'rollback', modelId: 'x' }, 'not in production'],
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

test('a rollout keeps its own id, so that its answers are counted under it', () => {
  const { experiments } = after({ ...start, experimentId: 'rollout-1' });
  expect(experiments).toMatchObject([{ id: 'rollout-1', candidate: '2026-w42.1' }]);
  expect(
    after({ ...start, experimentId: 'r' }, { action: 'rollback', experimentId: 'r' }),
  ).toMatchObject({ experiments: [] });
});

test.each<[string, RouteCommand[], { widthBp: number; most: number }, number]>([
  ['one at a time, of none', [], { widthBp: 10_000, most: 1 }, 1],
  ['one at a time, beside one', [start], { widthBp: 10_000, most: 1 }, 0],
  ['three on thirds, of none', [], { widthBp: 3_333, most: 3 }, 3],
  ['three on thirds, beside one', [onSlice('a', 3_333)], { widthBp: 3_333, most: 3 }, 2],
  [
    'three on thirds, beside one by hand on 80 %',
    [onSlice('a', 8_000)],
    { widthBp: 3_333, most: 3 },
    0,
  ],
  [
    'two on halves, beside one by hand on 10 %',
    [onSlice('a', 1_000)],
    { widthBp: 5_000, most: 2 },
    1,
  ],
])('places for %s', (_name, before, wanted, free) => {
  expect(freePlaces(after(...before).experiments, wanted)).toBe(free);
});
