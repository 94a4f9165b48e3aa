// What operators are told, and how long it is tried.

import { describe, expect, test } from 'vitest';
import {
  agentIncident,
  type ExperimentNews,
  GIVE_UP_MS,
  type NotificationEvent,
  noticeOf,
  retryAt,
  satisfaction,
  silenceOf,
} from './notifications.ts';

const T0 = new Date('2026-11-02T06:00:00Z');
const MINUTE = 60_000;
const verdict = { modelId: '2026-w42.1', datasetId: '2026-w42', jobId: 'j1', reason: '+0.4 nats' };
const waiting = { jobId: 'j1', modelId: '2026-w42.1', since: T0 };
const numbers = {
  answers: 1204,
  thumbsUp: 200,
  thumbsDown: 70,
  ratings: 9,
  corrections: 31,
  datasets: [{ id: '2026-w42', status: 'ready' }],
  models: [
    { id: '2026-w42.1', status: 'registered' },
    { id: '2026-w42.2', status: 'refused' },
  ],
  production: '2026-w41.1',
  experiments: [
    { id: 'rollout-2026-w42.1-1', candidate: '2026-w42.1', status: 'running' },
    {
      id: 'rollout-settings-0123456789ab-1',
      candidate: 'settings-0123456789ab',
      status: 'waiting',
    },
  ],
  waiting: { reviews: 2, jobs: 0, models: ['2026-w42.1'] },
};
const news = {
  id: 'rollout-2026-w42.1-1',
  step: 2,
  urgency: 'action' as const,
  candidate: '2026-w42.1',
  phase: 'waiting',
  reason: 'ready to advance; waits for approval',
  who: 'engine',
  why: null,
  at: T0,
  nextLookAt: null,
};
const EVENTS: NotificationEvent[] = [
  { kind: 'candidate_accepted', startsItself: false, ...verdict },
  { kind: 'candidate_refused', ...verdict },
  {
    kind: 'training_failed',
    jobId: 'j1',
    modelId: '2026-w42.1',
    datasetId: '2026-w42',
    attempt: 5,
    code: 'lease_expired',
    message: 'The last attempt stopped reporting.',
  },
  {
    kind: 'route_changed',
    version: 9,
    action: 'rollback',
    summary: '2026-w42.1 taken off',
    reason: '',
    who: 'operator',
    at: T0,
  },
  { kind: 'experiment', ...news },
  { kind: 'experiment', ...news, step: 3, urgency: 'alarm', phase: 'rolled_back' },
  { kind: 'experiment', ...news, step: 3, urgency: 'over', phase: 'rolled_back' },
  { kind: 'agent_silent', lastSeen: null, minutes: 15, waiting },
  { kind: 'agent_back', incident: 'agent:never:j1', because: 'seen again' },
  { kind: 'digest', week: '2026-w43', numbers },
  { kind: 'test', id: 't', who: 'operator' },
  { kind: 'test_over', id: 't' },
];

test('only harm, a dead agent and a test wake anybody, and each of them is ended under its own key', () => {
  const pages = EVENTS.map(noticeOf).flatMap(({ page }) => (page === null ? [] : [page]));
  expect(pages).toEqual([
    { action: 'trigger', dedupKey: 'experiment:rollout-2026-w42.1-1', severity: 'error' },
    { action: 'resolve', dedupKey: 'experiment:rollout-2026-w42.1-1' },
    { action: 'trigger', dedupKey: 'agent:never:j1', severity: 'error' },
    { action: 'resolve', dedupKey: 'agent:never:j1' },
    { action: 'trigger', dedupKey: 'test:t', severity: 'info' },
    { action: 'resolve', dedupKey: 'test:t' },
  ]);
});

test('every kind has a key of its own, and a title and facts with words in them', () => {
  const notices = EVENTS.map(noticeOf);
  // One candidate has one verdict.
  expect(new Set(notices.map(({ key }) => key)).size).toBe(EVENTS.length - 1);
  for (const { title, facts } of notices) {
    expect(title.trim()).not.toBe('');
    for (const [label, value] of facts) expect([label.trim(), value.trim()]).not.toContain('');
  }
});

test('a route says what became of it, and that no reason was given', () => {
  const told = (action: string) =>
    noticeOf({
      kind: 'route_changed',
      version: 9,
      action,
      summary: 'x',
      reason: '',
      who: 'operator',
      at: T0,
    });
  expect(['start', 'share', 'promote', 'rollback', 'pause'].map((one) => told(one).title)).toEqual([
    'Route started: x',
    'Route grown: x',
    'Promoted: x',
    'Rolled back: x',
    'Route changed: x',
  ]);
  expect(told('start').text).toBe('no reason given');
});

test('an experiment says what it needs; that a rolled back model is off is not said twice', () => {
  const told = (over: Partial<ExperimentNews>) =>
    noticeOf({ kind: 'experiment', ...news, ...over });
  expect(told({}).title).toBe('2026-w42.1 waits for your decision');
  expect(told({}).section).toBe('experiment=rollout-2026-w42.1-1');
  expect(told({ phase: 'planned' }).title).toContain('waits for you to start');
  expect(told({ urgency: 'alarm' }).title).toBe('2026-w42.1 shows harm');
  expect(told({ urgency: 'info' }).title).toBe('Experiment with 2026-w42.1: waiting');
  expect(told({ urgency: 'over' }).chat).toBe(true);
  expect(told({ urgency: 'over', phase: 'rolled_back' }).chat).toBe(false);
  expect(told({}).facts).toContainEqual(['Model', '2026-w42.1']);
  expect(told({ candidate: 'settings-0123456789ab' }).facts).toContainEqual([
    'Settings',
    'settings-0123456789ab',
  ]);
  expect(noticeOf({ kind: 'experiment', ...news, why: 'good enough' }).text).toBe(
    'ready to advance; waits for approval (good enough)',
  );
});

describe('the digest', () => {
  test('has the week\u2019s numbers and what waits', () => {
    const notice = noticeOf({ kind: 'digest', week: '2026-w43', numbers });
    expect(notice).toMatchObject({
      key: 'digest:2026-w43',
      title: 'Week 2026-w43: 1,204 answers',
      text: 'Waiting for you: 2 corrections to review; to be started: 2026-w42.1.',
      section: 'reviews',
    });
    expect(notice.facts).toContainEqual(['Satisfaction', '74.1 % of 270 thumbs']);
    expect(notice.facts).toContainEqual([
      'Models',
      '2026-w42.1 (registered), 2026-w42.2 (refused)',
    ]);
    expect(notice.facts).toContainEqual([
      'Experiments',
      'rollout-2026-w42.1-1 (model, running), rollout-settings-0123456789ab-1 (settings, waiting)',
    ]);
  });

  test('of a week without anything says so, and invents no satisfaction', () => {
    const nothing = {
      ...numbers,
      answers: 0,
      thumbsUp: 0,
      thumbsDown: 0,
      datasets: [],
      models: [],
      experiments: [],
      waiting: { reviews: 0, jobs: 0, models: [] },
    };
    const notice = noticeOf({ kind: 'digest', week: '2026-w43', numbers: nothing });
    expect(notice.text).toBe('Nothing waits for you.');
    expect(notice.facts).toContainEqual(['Satisfaction', 'not known: nobody voted']);
    expect(satisfaction(0, 0)).toBeUndefined();
  });
});

describe('a silent agent', () => {
  const at = (minutes: number) => T0.getTime() + minutes * MINUTE;
  const judged = (lastSeen: Date | null, since: Date | undefined, nowMs: number) =>
    silenceOf(lastSeen, since && { ...waiting, since }, { minutes: 15, nowMs });

  test('is dead once it was not seen for that long while a job waited for that long', () => {
    const seen = new Date(at(-10));
    expect(judged(seen, T0, at(14))).toBeUndefined();
    expect(judged(seen, T0, at(15))).toMatchObject({ lastSeen: seen, minutes: 15 });
    expect(judged(new Date(at(5)), T0, at(19))).toBeUndefined();
    expect(judged(null, T0, at(15))).toMatchObject({ lastSeen: null });
    expect(judged(seen, undefined, at(10_000))).toBeUndefined();
  });

  test('is one incident for a silence and a job, and another for another', () => {
    const silence = { lastSeen: T0, minutes: 15, waiting };
    expect(agentIncident(silence)).toBe(agentIncident({ ...silence, minutes: 30 }));
    expect(agentIncident(silence)).not.toBe(agentIncident({ ...silence, lastSeen: null }));
    const other = { ...waiting, jobId: 'j2' };
    expect(agentIncident(silence)).not.toBe(agentIncident({ ...silence, waiting: other }));
  });
});

describe('another try', () => {
  const tried = { createdAtMs: 0, nowMs: 0, retryAfterMs: undefined };

  test('comes after a minute, then twice as late each time, at most an hour', () => {
    const pauses = [1, 2, 3, 6, 7, 40].map((attempts) => retryAt({ ...tried, attempts }));
    expect(pauses.map((ms) => (ms ?? 0) / MINUTE)).toEqual([1, 2, 4, 32, 60, 60]);
  });

  test('comes no sooner than the receiver asked for', () => {
    expect(retryAt({ ...tried, attempts: 1, retryAfterMs: 600_000 })).toBe(600_000);
    expect(retryAt({ ...tried, attempts: 1, retryAfterMs: 1_000 })).toBe(MINUTE);
  });

  test('does not come once it would be a day after the message was written', () => {
    expect(retryAt({ ...tried, attempts: 3, nowMs: GIVE_UP_MS - 3 * MINUTE })).toBeNull();
    expect(retryAt({ ...tried, attempts: 1, nowMs: GIVE_UP_MS - MINUTE })).toBe(GIVE_UP_MS);
    expect(retryAt({ ...tried, attempts: 1, retryAfterMs: GIVE_UP_MS + 1 })).toBeNull();
  });
});
