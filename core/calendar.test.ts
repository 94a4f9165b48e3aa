import { expect, test } from 'vitest';
import {
  CRON,
  cronsDue,
  digestWeek,
  isoWeek,
  lastClosedWindow,
  modelNames,
  openWindow,
  parseWeekId,
  weekId,
  windowOfWeek,
} from './calendar.ts';

const at = (iso: string) => Date.parse(iso);

test.each([
  ['2025-12-29T00:00:00Z', '2026-w01'],
  ['2026-01-04T23:59:59Z', '2026-w01'],
  ['2026-10-17T12:00:00Z', '2026-w42'],
  ['2027-01-03T00:00:00Z', '2026-w53'],
])('%s lies in ISO week %s', (iso, id) => {
  expect(weekId(isoWeek(at(iso)))).toBe(id);
});

test('a window is the seven days up to Sunday 02:00 UTC, named by the week of its Saturday', () => {
  const window = lastClosedWindow(at('2026-10-18T02:00:00Z'));
  expect(window).toEqual({
    id: '2026-w42',
    startMs: at('2026-10-11T02:00:00Z'),
    endMs: at('2026-10-18T02:00:00Z'),
  });
});

test('one second before the cut the window is still open', () => {
  expect(lastClosedWindow(at('2026-10-18T01:59:59Z')).id).toBe('2026-w41');
  expect(openWindow(at('2026-10-18T01:59:59Z')).id).toBe('2026-w42');
  expect(openWindow(at('2026-10-18T02:00:00Z')).id).toBe('2026-w43');
});

test('a week names the window that closed windows are named by, in every week of six years', () => {
  for (let ms = at('2024-01-07T02:00:00Z'); ms < at('2030-01-01T00:00:00Z'); ms += 7 * 86_400_000) {
    const window = lastClosedWindow(ms);
    expect(windowOfWeek(window.id)).toEqual(window);
  }
});

test.each(['2026-42', '2026-w00', '2026-w54', '2025-w53', 'w42', ''])('%o is no week', (id) => {
  expect(() => parseWeekId(id)).toThrow('expected an ISO week');
});

test('a model\u2019s names do not collide a year later', () => {
  expect(modelNames('2026-w42', 1, 'agent-bruno')).toEqual({
    id: '2026-w42.1',
    display: 'v1.42.1',
    tags: ['agent-bruno:2026-w42.1', 'agent-bruno:week-42'],
  });
});

test('four weeks hold 2,688 ticks and four weekly runs, in order', () => {
  const due = cronsDue(at('2026-10-04T02:00:00Z'), at('2026-11-01T02:00:00Z'));
  expect(due.filter(({ cron }) => cron === CRON.tick)).toHaveLength(2688);
  expect(
    due.filter(({ cron }) => cron === CRON.weekly).map(({ atMs }) => new Date(atMs).toISOString()),
  ).toEqual([
    '2026-10-11T02:00:00.000Z',
    '2026-10-18T02:00:00.000Z',
    '2026-10-25T02:00:00.000Z',
    '2026-11-01T02:00:00.000Z',
  ]);
  expect(due.every(({ atMs }, index) => index === 0 || atMs >= (due[index - 1]?.atMs ?? 0))).toBe(
    true,
  );
});

test('nothing is due between two ticks', () => {
  expect(cronsDue(at('2026-10-04T02:00:00Z'), at('2026-10-04T02:14:59Z'))).toEqual([]);
});

test.each([
  ['2026-11-01T23:59:00Z', '2026-w43', false],
  ['2026-11-02T05:59:00Z', undefined, undefined],
  ['2026-11-02T06:00:00Z', '2026-w44', true],
  ['2026-11-03T00:00:00Z', '2026-w44', false],
  ['2027-01-04T06:00:00Z', '2026-w53', true],
])('the digest that is due at %s is of %s', (now, id, onMonday) => {
  const week = digestWeek(at(now));
  expect([week?.id, week?.onMonday]).toEqual([id, onMonday]);
  if (week) expect(week.endMs - week.startMs).toBe(7 * 86_400_000);
});
