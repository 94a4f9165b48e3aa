// Feedback tokens that are not what they claim: forged, expired, replayed for another answer, or in
// another visitor's hands. Each is refused with its reason, for votes and for signals, and none of
// them leaves a trace in the record.

import { env } from 'cloudflare:workers';
import { sql } from 'drizzle-orm';
import { describe, expect, test } from 'vitest';
import { now, settingsOf } from '../../workers/env.ts';
import { issueFeedbackToken, issueVisitorToken, readFeedbackToken } from '../../workers/tokens.ts';
import { quiet } from './faults-support.ts';
import { call, chat, newVisitor, rows } from './support.ts';

const DAY_MS = 86_400_000;

type Answer = Awaited<ReturnType<typeof chat>>;
type Said = Pick<Answer, 'interaction_id' | 'feedback_token'> & { visitor_token?: string };

const ways: [string, (said: Said) => ReturnType<typeof call>][] = [
  ['a vote', (said) => call('/api/feedback', { body: { ...said, feedback_type: 'thumbs_up' } })],
  [
    'a batch of signals',
    (said) =>
      call('/api/signals', { body: { events: [{ ...said, signals: { copy_event: true } }] } }),
  ],
];

const said = ({ interaction_id, feedback_token }: Answer): Said => ({
  interaction_id,
  feedback_token,
});

/** The token of an answer, issued that many days ago. */
async function aged(answer: Answer, days: number): Promise<string> {
  const keys = settingsOf(env).TOKEN_KEYS;
  const claims = await readFeedbackToken(keys, answer.feedback_token, now(env));
  return issueFeedbackToken(keys, { ...claims, issuedAtMs: now(env) - days * DAY_MS });
}

async function recorded(answer: Answer): Promise<number> {
  await quiet();
  const { interaction_id: id } = answer;
  return (await rows(sql`SELECT 1 FROM feedback_events WHERE interaction_id = ${id}`)).length;
}

describe.each(ways)('%s', (_, send) => {
  const refused = async (sent: Said, code: string, reason: string) =>
    expect(await send(sent)).toMatchObject({
      status: 401,
      body: { error: { code, message: expect.stringContaining(reason) } },
    });

  test('with a forged token is refused, however little was changed', async () => {
    const answer = await chat('Forged?');
    const token = answer.feedback_token;
    const other = token.at(-30) === 'A' ? 'B' : 'A';
    const forged = `${token.slice(0, -30)}${other}${token.slice(-29)}`;
    const issued = 'not one this service issued';
    await refused({ ...said(answer), feedback_token: forged }, 'token_invalid', issued);
    await refused({ ...said(answer), feedback_token: 'a.b.c.d.e' }, 'token_invalid', issued);
    const { visitor_token } = await newVisitor();
    await refused({ ...said(answer), feedback_token: visitor_token }, 'token_invalid', issued);
    const [, ...rest] = token.split('.');
    const header = btoa(JSON.stringify({ alg: 'dir', enc: 'A256GCM', kid: 'unknown' }));
    const unknownKey = [header.replaceAll('=', ''), ...rest].join('.');
    const gone = 'no longer in use';
    await refused({ ...said(answer), feedback_token: unknownKey }, 'token_invalid', gone);
    expect(await recorded(answer)).toBe(0);
  });

  test('with an expired token is refused, with one of 29 days taken', async () => {
    const answer = await chat('Expired?');
    const old = { ...said(answer), feedback_token: await aged(answer, 31) };
    await refused(old, 'token_expired', 'has expired');
    expect(await recorded(answer)).toBe(0);
    const young = { ...said(answer), feedback_token: await aged(answer, 29) };
    expect((await send(young)).status).toBe(202);
    expect(await recorded(answer)).toBe(1);
  });

  test('with the token of another answer is refused', async () => {
    const visitor = await newVisitor();
    const answer = await chat('This one?', visitor);
    const other = await chat('Or that one?', visitor);
    const replayed = { ...said(answer), feedback_token: other.feedback_token };
    await refused(replayed, 'token_invalid', 'belongs to another answer');
    const votes = sql`
      SELECT 1 FROM feedback_events
      WHERE interaction_id IN (${answer.interaction_id}, ${other.interaction_id})
        AND feedback_type <> 'detected'`;
    await quiet();
    expect(await rows(votes)).toEqual([]);
  });

  test('in the hands of another visitor is refused, in their own taken', async () => {
    const visitor = await newVisitor();
    const answer = await chat('Mine?', visitor);
    const { visitor_token: theirs } = await newVisitor();
    const wrong = { ...said(answer), visitor_token: theirs };
    await refused(wrong, 'token_invalid', 'belongs to another visitor');
    const forged = {
      ...said(answer),
      visitor_token: `${visitor.visitor_token.slice(0, -8)}AAAAAAAA`,
    };
    await refused(forged, 'token_invalid', 'visitor token is not one this service issued');
    const keys = settingsOf(env).TOKEN_KEYS;
    const { visitorId } = await readFeedbackToken(keys, answer.feedback_token, now(env));
    const claims = { visitorId, origin: '' };
    const stale = await issueVisitorToken(keys, claims, now(env) - 181 * DAY_MS);
    await refused({ ...said(answer), visitor_token: stale }, 'token_expired', 'visitor token');
    expect(await recorded(answer)).toBe(0);
    const own = { ...said(answer), visitor_token: visitor.visitor_token };
    expect((await send(own)).status).toBe(202);
    expect(await recorded(answer)).toBe(1);
  });
});
