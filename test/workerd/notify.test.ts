// Notifications on their way, against a local server that keeps to Slack's and PagerDuty's rules: once,
// within their limits and at their pace, through whatever goes wrong.

import { env } from 'cloudflare:workers';
import { sql } from 'drizzle-orm';
import { afterAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { deliverDue } from '../../functions/notify/deliver.ts';
import { moveClock } from '../../workers/env.ts';
import {
  clean,
  later,
  MINUTE,
  on,
  outbox,
  promoted,
  seen,
  server,
  tell,
  trouble,
} from './notify-support.ts';
import { asOperator, call, rows } from './support.ts';

beforeEach(async () => {
  moveClock(on, Date.now());
  await clean();
});
afterAll(async () => {
  moveClock(on, Date.now());
  await clean();
});

describe('a message', () => {
  test('reaches Slack with header, numbers and a link, once however often it is told', async () => {
    await tell(promoted(3));
    await tell(promoted(3));
    await deliverDue(on);
    await deliverDue(on);
    const { accepted, refused } = await seen('slack');
    expect(refused).toEqual([]);
    expect(accepted).toEqual([
      {
        text: 'Promoted: 2026-w42.1 replaces 2026-w41.1 for everyone',
        blocks: [
          expect.objectContaining({ type: 'header' }),
          expect.objectContaining({ type: 'section' }),
          {
            type: 'section',
            fields: [
              { type: 'mrkdwn', text: '*By*\noperator' },
              { type: 'mrkdwn', text: '*Table*\nversion 3' },
              { type: 'mrkdwn', text: '*At*\n2026-10-19 08:30 UTC' },
            ],
          },
          {
            type: 'context',
            elements: [
              {
                type: 'mrkdwn',
                text: 'Bruno, local \u00b7 <https://bruno.example/console/#route|Console>',
              },
            ],
          },
        ],
      },
    ]);
    expect(await outbox()).toMatchObject([{ id: 'slack:route:3', state: 'sent', attempts: 1 }]);
  });

  test('of any length and any characters is one that Slack and PagerDuty take', async () => {
    const wild = '<!channel> & <https://x|y> \ud83d\ude00\u0001 "'.repeat(2_000);
    await tell({
      kind: 'training_failed',
      jobId: 'j',
      modelId: wild,
      datasetId: wild,
      attempt: 1,
      code: wild,
      message: wild,
    });
    await tell({
      kind: 'agent_silent',
      lastSeen: null,
      minutes: 15,
      waiting: { jobId: wild, modelId: wild, since: new Date() },
    });
    await deliverDue(on);
    expect(await outbox()).toMatchObject([{ state: 'sent' }, { state: 'sent' }, { state: 'sent' }]);
    const shown = (await seen('slack')).accepted.map(({ text }) => text);
    expect(shown).toEqual([
      expect.stringContaining('Training of &lt;!channel&gt; &amp;'),
      expect.stringContaining('No agent for 15 minutes'),
    ]);
  });

  test('follows another at Slack\u2019s pace, whoever sends them', async () => {
    for (const version of [1, 2, 3]) await tell(promoted(version));
    await Promise.all([deliverDue(on), deliverDue(on), deliverDue(on)]);
    const { accepted, refused } = await seen('slack');
    expect([accepted.length, refused]).toEqual([3, []]);
    expect((await outbox()).map(({ attempts }) => attempts)).toEqual([1, 1, 1]);
  });

  test('for a channel that is off is not written', async () => {
    await tell(promoted(1), env);
    await tell(promoted(2), { ...on, SLACK_WEBHOOK_URL: 'not an address' });
    expect(await outbox()).toEqual([]);
  });

  test('holds no secret in the outbox, nor in what is said of it', async () => {
    await tell({ kind: 'test', id: 't', who: 'operator' }, on);
    await trouble('slack', ['cut']);
    await deliverDue(on);
    const found = JSON.stringify(await rows(sql`SELECT * FROM notifications`));
    expect(found).not.toContain('/services/');
    expect(found).not.toContain(server.routingKey);
  });
});

describe('when a channel has trouble', () => {
  test('a 429 waits as long as it was asked to, and the rest waits with it', async () => {
    await tell(promoted(1));
    await tell(promoted(2));
    await trouble('slack', [{ status: 429, headers: { 'retry-after': '600' } }]);
    await deliverDue(on);
    expect(await outbox()).toMatchObject([
      { state: 'pending', attempts: 1, last_error: expect.stringContaining('429') },
      { state: 'pending', attempts: 0 },
    ]);
    later(9 * MINUTE);
    await deliverDue(on);
    expect((await outbox())[0]).toMatchObject({ attempts: 1 });
    later(2 * MINUTE);
    await deliverDue(on);
    expect(await outbox()).toMatchObject([{ state: 'sent', attempts: 2 }, { state: 'sent' }]);
  });

  test.each<[string, unknown, string]>([
    ['a 500', { status: 500, body: 'rollup_error' }, '500: rollup_error'],
    ['a 503 of PagerDuty\u2019s edge', { status: 503 }, '503'],
    ['a cut line', 'cut', 'could not be reached'],
    ['a page in place of ok', { status: 200, body: '<html>sign in</html>' }, 'sign in'],
  ])('%s is not the end of the message or is said', async (_what, what, said) => {
    await tell(promoted(1));
    await trouble('slack', [what]);
    await deliverDue(on);
    expect((await outbox())[0]?.last_error).toContain(said);
  });

  test('what can never pass is given up at once, visibly, and the next message goes', async () => {
    await tell(promoted(1));
    await tell(promoted(2));
    await trouble('slack', [{ status: 400, body: 'invalid_payload' }]);
    await deliverDue(on);
    expect(await outbox()).toMatchObject([
      { state: 'failed', last_error: 'it answered 400: invalid_payload' },
      { state: 'sent' },
    ]);
  });

  test('after a day without success it is given up, with the last reason', async () => {
    await tell(promoted(1));
    for (let hours = 0; hours < 25; hours += 1) {
      await trouble('slack', [{ status: 500 }]);
      await deliverDue(on);
      later(61 * MINUTE);
    }
    const [row] = await outbox();
    expect(row).toMatchObject({
      state: 'failed',
      last_error: 'given up after a day: it answered 500',
    });
    expect(Number(row?.attempts)).toBeGreaterThan(20);
  });

  test('one channel\u2019s silence holds up neither the other nor who waits for an answer', async () => {
    await trouble('slack', ['hang']);
    await tell({ kind: 'test', id: 'one', who: 'operator' });
    const delivering = deliverDue(on);
    const reached = async () => (await seen('pagerduty')).accepted.length > 0;
    await vi.waitUntil(reached, { timeout: 5_000, interval: 50 });
    expect((await call('/admin/route', { headers: asOperator })).status).toBe(200);
    await delivering;
    expect(await outbox()).toMatchObject([
      { id: 'slack:test:one', state: 'pending', last_error: 'no answer within 10 s' },
      { id: 'pagerduty:test:one', state: 'sent' },
    ]);
  });

  test('a sender that died lets another one send, and cannot settle what it lost', async () => {
    await tell(promoted(1));
    await rows(sql`UPDATE notifications SET attempts = 1, tried_at = now(),
      next_at = now() + interval '1 minute'`);
    await deliverDue(on);
    expect((await seen('slack')).accepted).toEqual([]);
    later(2 * MINUTE);
    await deliverDue(on);
    expect(await outbox()).toMatchObject([{ state: 'sent', attempts: 2 }]);
  });
});
