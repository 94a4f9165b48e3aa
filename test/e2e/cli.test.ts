// The real command line against a real stack: one visitor asks and corrects, then an operator reads
// and decides with `bruno` alone, for people and as JSON. Nothing is trained: the week that is curated
// here has closed without answers.

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { spawnBruno } from '../../cli/testing/run-cli.ts';
import { lastClosedWindow } from '../../core/calendar.ts';
import { defaultAssetsHome, homePaths, repoRoot } from '../../local/home.ts';
import { withConnection } from '../../local/migrate.ts';
import { SMALL_BASE } from '../../local/models.ts';
import { freePort } from '../../local/ports.ts';
import { DATABASE_USER } from '../../local/postgres-cluster.ts';
import { type Stack, startStack } from '../../local/stack.ts';
import { operatorClient, visitorClient } from '../../simulation/client.ts';
import { waitFor } from '../../simulation/pool.ts';
import { startNotifyServer } from '../workerd/notify-server.ts';

// Each command is a process of its own, and curating takes the Worker some seconds.
vi.setConfig({ testTimeout: 60_000 });

const QUESTION = 'How long are logs kept?';
const CORRECTION = 'Logs are kept for 30 days.';
const signal = AbortSignal.timeout(10 * 60_000);

let home: string;
let stack: Stack;
let receivers: Awaited<ReturnType<typeof startNotifyServer>>;
let answerId: string;
let eventId: string;
let closedWeek: string;

/** As an operator on this machine: address and token come from the home. */
const bruno = (...argv: string[]) => spawnBruno(argv, { BRUNO_HOME: home });

/** Runs a command for people and again as JSON: both succeed, and the latter is silent beside. */
async function both(...argv: string[]) {
  const page = await bruno(...argv);
  expect(page.code, page.err).toBe(0);
  const json = await bruno(...argv, '--json');
  expect({ code: json.code, err: json.err }, json.out).toEqual({ code: 0, err: '' });
  const document: unknown = JSON.parse(json.out);
  return { page: page.out, document };
}

beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'bruno-cli-'));
  receivers = await startNotifyServer();
  stack = await startStack({
    home,
    assetsHome: defaultAssetsHome(process.env),
    port: await freePort(),
    base: SMALL_BASE,
    learningOverridesFile: join(repoRoot, 'learning.local.yaml'),
    maxAnswerTokens: 24,
    environment: {
      SLACK_WEBHOOK_URL: receivers.slackWebhookUrl,
      PAGERDUTY_ROUTING_KEY: receivers.routingKey,
      PAGERDUTY_EVENTS_URL: receivers.pagerDutyUrl,
    },
  });
  const visitor = visitorClient(stack.url, signal);
  const answer = await visitor.chat(await visitor.openSession(), QUESTION, false);
  await visitor.feedback(
    answer,
    { type: 'thumbs_down' },
    {
      answer: CORRECTION,
      key: ['30 days'],
    },
  );
  answerId = answer.interactionId;
  const operator = operatorClient(stack.url, stack.operatorToken, signal);
  const review = await waitFor(async () => (await operator.pendingReviews())[0], {
    everyMs: 200,
    limitMs: 30_000,
    signal,
  });
  eventId = review?.event_id ?? '';
  closedWeek = lastClosedWindow(Date.parse((await operator.status()).now)).id;
}, 600_000);

afterAll(async () => {
  await stack?.stop();
  await receivers?.stop();
  rmSync(home, { recursive: true, force: true });
}, 60_000);

test('status: the answer is counted, the correction waits, the base answers everyone', async () => {
  const { page, document } = await both('status');
  expect(page).toMatch(/answers +1\n/);
  expect(page).toMatch(/waiting for review +1 /);
  expect(document).toMatchObject({
    live: { production: SMALL_BASE, candidate: null },
    counts: { interactions: 1, explicit: 2, thumbs_down: 1, corrections: 1 },
    last_week: { week: closedWeek, interactions: 0 },
  });
});

const doctorSchema = z.object({
  ok: z.boolean(),
  checks: z.array(z.object({ name: z.string(), result: z.string() })),
});

test('doctor: finds the stack in its home, each part ready, the operator known, the agent seen', async () => {
  const page = await bruno('doctor');
  const json = await bruno('doctor', '--json');
  const { ok, checks } = doctorSchema.parse(JSON.parse(json.out));
  // The machine may lack something, a full disk for one; the stack may not.
  expect([page.code, json.code]).toEqual(ok ? [0, 0] : [1, 1]);
  const results = Object.fromEntries(checks.map(({ name, result }) => [name, result]));
  expect(results).toMatchObject({
    secrets: 'pass',
    stack: 'pass',
    'ready: database': 'pass',
    'ready: routing': 'pass',
    'ready: model_server': 'pass',
    'ready: object_store': 'pass',
    operator: 'pass',
    agent: 'pass',
  });
  expect(page.out).toMatch(/^pass +agent +seen /m);
});

test('review list, then accept: the correction in full, decided once however often it is said', async () => {
  const listed = await both('review', 'list');
  expect(listed.page).toContain(QUESTION);
  expect(listed.page).toContain(CORRECTION);
  expect(listed.document).toMatchObject({
    reviews: [
      {
        event_id: eventId,
        status: 'pending',
        corrected_response: CORRECTION,
        key_facts: ['30 days'],
      },
    ],
  });
  const accepted = await both('review', 'accept', eventId, '--note', 'it is so');
  expect(accepted.page).toMatch(new RegExp(`${eventId} +accepted`));
  expect(accepted.document).toMatchObject({ decided: [{ event_id: eventId, ok: true }] });
  expect((await both('review', 'list')).page).toBe('No pending corrections.\n');
  const decided = await both('review', 'list', '--status', 'accepted');
  expect(decided.document).toMatchObject({ reviews: [{ note: 'it is so' }] });
});

test('dataset curate, list, show: the closed week, too small to train on', async () => {
  const waited = await bruno('dataset', 'curate', '--wait', '--wait-limit', '60');
  expect(waited.code, waited.err).toBe(0);
  expect(waited.out).toContain(`Dataset ${closedWeek}`);
  const again = await both('dataset', 'curate', '--week', closedWeek);
  expect(again.page).toContain('The week has its dataset already');
  expect(again.document).toMatchObject({ dataset_id: closedWeek, existed: true });
  const listed = await both('dataset', 'list');
  expect(listed.page).toMatch(new RegExp(`^${closedWeek} .* too_small `, 'm'));
  expect(listed.document).toMatchObject({ datasets: [{ id: closedWeek, status: 'too_small' }] });
  const shown = await both('dataset', 'show', closedWeek);
  expect(shown.page).toMatch(/in the window +0\n/);
  expect(shown.document).toMatchObject({ id: closedWeek, counts: { interactions: 0, train: 0 } });
  const lineage = await both('lineage', 'show', closedWeek);
  expect(lineage.page).toMatch(/trained +no model\n/);
  expect(lineage.document).toMatchObject({ kind: 'dataset', member_count: 0, feedback_count: 0 });
});

test('job list: none, and none can be made from a week that is too small', async () => {
  const { page, document } = await both('job', 'list');
  expect(page).toContain('No training jobs yet');
  expect(document).toEqual({ jobs: [] });
  const refused = await bruno('job', 'create', closedWeek, '--json');
  expect(refused.code).toBe(1);
  expect(JSON.parse(refused.err)).toMatchObject({ error: { code: 'conflict', status: 409 } });
});

test('model list, show: the base, in production', async () => {
  const listed = await both('model', 'list');
  expect(listed.page).toMatch(new RegExp(`^${SMALL_BASE} +base +production`, 'm'));
  expect(listed.document).toMatchObject({ models: [{ id: SMALL_BASE }] });
  const shown = await both('model', 'show', SMALL_BASE);
  expect(shown.page).toMatch(/stage +production\n/);
  expect(shown.page).not.toContain('Measured');
  expect(shown.document).toMatchObject({ id: SMALL_BASE, stage: 'production' });
});

test('route show, and promoting where no candidate runs', async () => {
  const { page, document } = await both('route', 'show');
  expect(page).toContain('Nothing was changed yet.');
  expect(document).toMatchObject({ table: { production: SMALL_BASE, share_bp: 0, version: 0 } });
  const refused = await bruno('route', 'promote', '--reason', 'none runs');
  expect(refused).toMatchObject({ code: 1, out: '' });
  expect(refused.err).toContain('No candidate is running; start one first.');
});

test('lineage show: from the answer, and from the correction, to the model that gave it', async () => {
  const { page, document } = await both('lineage', 'show', answerId);
  expect(page).toContain(`Answer ${answerId}\n  asked       ${QUESTION}\n`);
  expect(page).toMatch(
    new RegExp(
      `model +${SMALL_BASE}\n +settings +the built-in ones\n +route +version 0, before any change`,
    ),
  );
  expect(page).toMatch(new RegExp(`${eventId} +correction +-0.5 +accepted +${CORRECTION}`));
  expect(page.split('\n').length).toBeLessThan(60);
  expect(document).toMatchObject({
    kind: 'answer',
    answer: { interaction_id: answerId, query: QUESTION, model_served: SMALL_BASE },
    taught_in: [],
    model: { model: { id: SMALL_BASE } },
  });
  const vote = await both('lineage', 'show', eventId);
  expect(vote.page).toMatch(/review +accepted by operator\n/);
  expect(vote.document).toMatchObject({ kind: 'feedback', answer: { interaction_id: answerId } });
  const unknown = await bruno('lineage', 'show', 'nothing');
  expect(unknown).toMatchObject({ code: 1, out: '' });
  expect(unknown.err).toContain('Nothing has the id nothing');
});

test('a key that was made opens the OpenAI-compatible endpoint until it is revoked', async () => {
  const made = await bruno(
    'key',
    'create',
    'The shop',
    '--scope',
    'chat',
    '--expires',
    '30d',
    '--json',
  );
  expect(made.code, made.err).toBe(0);
  const { key, id } = z
    .looseObject({ key: z.string(), id: z.string() })
    .parse(JSON.parse(made.out));
  const list = () =>
    fetch(`${stack.url}/v1/models`, { headers: { authorization: `Bearer ${key}` }, signal });
  expect((await list()).status).toBe(200);
  const listed = await both('key', 'list');
  expect(listed.page).toContain('the-shop');
  expect(listed.page + JSON.stringify(listed.document)).not.toContain(key);
  expect((await bruno('key', 'revoke', id, '--reason', 'for a test')).code).toBe(0);
  const refused = async () => ((await list()).status === 401 ? true : undefined);
  expect(await waitFor(refused, { everyMs: 200, limitMs: 10_000, signal })).toBe(true);
});

test('notify test, list: a message reaches each channel, with a link to this stack\u2019s console', async () => {
  const sent = await bruno('notify', 'test');
  expect(sent.code, sent.err).toBe(0);
  const { page, document } = await both('notify', 'list', '--state', 'sent');
  expect(page).toMatch(/^ +slack +on\n +pagerduty +on$/m);
  expect(document).toMatchObject({
    console_url: `${stack.url}/console/`,
    notifications: [{ kind: 'test_over' }, { channel: 'pagerduty' }, { channel: 'slack' }],
  });
  const seen = await (await fetch(`${receivers.url}/test/seen/slack`)).text();
  expect(seen).toContain(`<${stack.url}/console/#route|Console>`);
});

/** As somebody who has the home's secrets, and with them the database. */
function inDatabase(...statements: string[]): Promise<void> {
  const paths = homePaths(home);
  const { databasePassword } = z
    .looseObject({ databasePassword: z.string() })
    .parse(JSON.parse(readFileSync(paths.secrets, 'utf8')));
  const { ports } = z
    .looseObject({ ports: z.looseObject({ postgres: z.number(), proxy: z.number() }) })
    .parse(JSON.parse(readFileSync(paths.ports, 'utf8')));
  const url = `postgres://${DATABASE_USER}:${databasePassword}@127.0.0.1:${ports.postgres}/bruno`;
  return withConnection(url, `127.0.0.1:${ports.proxy}`, async (client) => {
    for (const statement of statements) await client.query(statement);
  });
}

test('history: a change of the route is signed and published, and who changes it is found', async () => {
  expect((await both('history', 'list')).page).toContain('Nothing was decided yet.');
  expect((await both('history', 'verify')).document).toMatchObject({
    ok: true,
    checked: 0,
    end: { seq: 0, head: 'none_needed' },
  });
  await inDatabase(`
    INSERT INTO models (id, display, base, parent, status, reason, metrics, artifacts, created_at)
    VALUES ('2026-w40.1', 'v1.40.1', '${SMALL_BASE}', '${SMALL_BASE}', 'registered', 'for a test', '{}',
      '[]', now())`);
  const started = await bruno('route', 'start', '2026-w40.1', '--reason', 'to be remembered');
  expect(started.code, started.err).toBe(0);
  expect((await both('history', 'at', '2100-01-01T00:00Z')).page).toContain('to be remembered');
  expect((await both('history', 'show', '1')).document).toMatchObject({ key: 'route:1' });
  const published = await waitFor(
    async () => {
      const { out } = await bruno('history', 'verify', '--json');
      return out.includes('"matches"') ? out : undefined;
    },
    { everyMs: 500, limitMs: 30_000, signal },
  );
  expect(JSON.parse(published ?? '')).toMatchObject({
    ok: true,
    checked: 1,
    end: { published: 1 },
  });
  await expect(inDatabase("UPDATE history SET reason = 'forgotten'")).rejects.toThrow(
    'history is append-only: UPDATE is refused',
  );
  await inDatabase(
    'ALTER TABLE history DISABLE TRIGGER ALL',
    "UPDATE history SET reason = 'forgotten'",
  );
  const changed = await bruno('history', 'verify');
  expect(changed.code).toBe(1);
  expect(changed.out).toMatch(/^changed +1 +row 1 \(route:1, /m);
  await inDatabase('DELETE FROM history');
  expect((await bruno('history', 'verify')).out).toMatch(/^cut off +1 +row 1 was cut off/m);
});
