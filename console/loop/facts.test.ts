// What the stations of the loop say, from an empty start to a candidate being tried.
import { describe, expect, it } from 'vitest';
import { type Status, statusSchema } from '../api/schema.ts';
import { healthOf } from '../health.ts';
import { describeRoute } from '../sections/route-words.ts';
import { tokenFromHash } from '../token.ts';
import { type StationId, stationsOf } from './facts.ts';

const NOW = '2026-10-18T12:00:00.000Z';

const status = (over: Record<string, unknown> = {}): Status =>
  statusSchema.parse({
    now: NOW,
    week: '2026-w42',
    live: { production: 'tiny', candidate: null, share_bp: 0, version: 0 },
    counts: { interactions: 0, explicit: 0, signals: 0 },
    reviews_pending: 0,
    dataset: null,
    job: null,
    models: [],
    ...over,
  });

const station = (id: StationId, over: Record<string, unknown> = {}) =>
  stationsOf(status(over)).find((facts) => facts.id === id);

describe('the stations', () => {
  it('stand in the order of the loop', () => {
    expect(stationsOf(status()).map(({ id }) => id)).toEqual([
      'visitors',
      'feedback',
      'corrections',
      'dataset',
      'training',
      'models',
      'route',
    ]);
  });
  it('say what happens next while nothing is there', () => {
    expect(station('dataset')).toMatchObject({
      headline: 'none yet',
      state: 'made every Sunday 02:00 UTC',
    });
    expect(station('training')).toMatchObject({ headline: 'no job' });
    expect(station('models')).toMatchObject({ headline: 'only the base' });
  });
  it('remember the week that Sunday closed, and say nothing of a week without answers', () => {
    const last_week = { week: '2026-w41', interactions: 40, explicit: 12, corrections: 1 };
    expect(station('visitors', { last_week })?.details).toContain('last week: 40 answers');
    expect(station('feedback', { last_week })?.details).toContain(
      'last week: 12 verdicts, 1 correction',
    );
    const none = { ...last_week, interactions: 0 };
    expect(station('visitors', { last_week: none })?.details.at(-1)).toBe('');
  });
  it('ask the operator for waiting corrections', () => {
    expect(station('corrections', { reviews_pending: 2 })).toMatchObject({
      headline: '2 waiting',
      tone: 'yours',
    });
  });
  it('show a running job with its step and loss', () => {
    const job = {
      id: 'j',
      model_id: '2026-w42.1',
      status: 'leased',
      attempt: 2,
      max_attempts: 3,
      progress: { phase: 'sft', step: 4, total_steps: 20, loss: 1.23456 },
    };
    expect(station('training', { job })).toMatchObject({
      headline: '2026-w42.1',
      tone: 'moving',
      state: 'training',
      details: ['sft · step 4 of 20 · loss 1.235', '', 'attempt 2 of 3'],
    });
    expect(station('training', { job: { ...job, cancel_requested: true } })?.state).toBe(
      'being cancelled',
    );
  });
  it('offer a registered model only while no candidate is tried', () => {
    const models = [
      { id: 'tiny', stage: 'production' },
      { id: '2026-w42.1', stage: 'registered', dataset_id: '2026-w42' },
    ];
    expect(station('models', { models })).toMatchObject({ tone: 'yours', state: '1 ready to try' });
    const live = { production: 'tiny', candidate: '2026-w41.1', share_bp: 1000, version: 3 };
    expect(station('models', { models, live })).toMatchObject({ tone: 'idle' });
    expect(station('route', { live })).toMatchObject({
      details: ['2026-w41.1 answers 10 %', 'table version 3'],
    });
  });
});

describe('the health of the parts', () => {
  it('takes nothing unknown for well', () => {
    const health = { database: true, routing: false, object_store: true, model_server: null };
    expect(healthOf(status({ health })).map(({ name, well }) => [name, well])).toEqual([
      ['database', true],
      ['routing', false],
      ['object store', true],
      ['model server', false],
      ['Mac agent', false],
    ]);
  });
  it('misses an agent that was not seen for a minute, by the server clock', () => {
    const at = (agent_seen_at: string | null) => healthOf(status({ health: { agent_seen_at } }))[0];
    expect(at('2026-10-18T11:59:30Z')).toMatchObject({ well: true });
    expect(at('2026-10-18T11:50:00Z')).toMatchObject({ well: false, says: 'last seen 10 min ago' });
    expect(at(null)).toMatchObject({ well: false, says: 'never seen' });
  });
});

describe('the routing history', () => {
  it('describes a table with and without a candidate, and says when it cannot', () => {
    const tried = { production: 'a', candidate: 'b', share_bp: 2500, version: 2 };
    expect(describeRoute(tried)).toBe('a with b at 25 %');
    expect(describeRoute({ ...tried, candidate: null })).toBe('a');
    const settings = { id: 'settings-0123456789ab', name: 'short' };
    expect(describeRoute({ ...tried, candidate: null, settings })).toBe(
      'a under settings-0123456789ab (short)',
    );
    expect(describeRoute(null)).toBe('an unreadable table');
  });
});

describe('the token of a link', () => {
  it('is taken from the fragment and nothing else is', () => {
    expect(tokenFromHash('#token=abc')).toBe('abc');
    expect(tokenFromHash('#view=x&token=a%2Bb')).toBe('a+b');
    expect(tokenFromHash('#token=')).toBeNull();
    expect(tokenFromHash('#reviews')).toBeNull();
    expect(tokenFromHash('')).toBeNull();
  });
});
