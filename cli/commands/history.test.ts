/**
 * `bruno history` and `bruno notify`, against a real HTTP server that keeps to the admin API's contract.
 */
import { describe, expect, it } from 'vitest';
import { freshStack } from '../testing/fresh-stack.ts';
import { channels, message, wholePage } from '../testing/record-routes.ts';
import { REQUEST_ID } from '../testing/run-cli.ts';

const { posts, run, stack } = freshStack();
const damage = (seq: number) => ({
  problem: 'changed',
  seq,
  until: seq,
  sentence: `row ${seq} was changed`,
});

describe('the history', () => {
  it('is listed newest first, by page, and one row is shown by number or key', async () => {
    expect((await run('history list')).out).toMatch(/^ +2 .*\n +1 .*/m);
    const page = await run('history list --before 2 --limit 1 --kind route --json');
    expect(JSON.parse(page.out).rows).toMatchObject([{ seq: 1, taken_over: true }]);
    for (const id of ['1', 'route:7']) {
      expect((await run(`history show ${id}`)).out).toContain('two days without complaints');
    }
    expect(await run('history show 99')).toMatchObject({
      code: 1,
      err: expect.stringContaining('no row 99'),
    });
  });

  it('tells what was live at a time, and refuses a time without its zone', async () => {
    const { code, out } = await run('history at 2026-11-03T10:00Z');
    expect(code).toBe(0);
    expect(out).toMatch(/^Live at 2026-11-03 10:00 UTC\n +production +2026-w41.1/m);
    expect(out).toContain('week 42 passed its gate');
    const { err } = await run('history at', '2026-11-03 10:00');
    expect(err).toContain('did you mean 2026-11-03T10:00Z');
    expect((await run('history at yesterday')).code).toBe(2);
  });

  it('is verified page by page, and whole is exit code 0', async () => {
    stack().pages = [{ ...wholePage, checked: 200, next_after: 200, end: null }, wholePage];
    const { code, out } = await run('history verify --json');
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ ok: true, checked: 202, damage: [] });
  });

  it('with damage on any page names it and leaves with 1', async () => {
    const first = { ...wholePage, checked: 200, next_after: 200, end: null, damage: [damage(7)] };
    stack().pages = [first, { ...wholePage, damage: [damage(201)] }];
    const { code, out, err } = await run('history verify');
    expect(code).toBe(1);
    expect(out).toMatch(/^changed +7 +row 7 was changed\nchanged +201 +row 201 was changed$/m);
    expect(err).toContain('The history is damaged: row 7 was changed, and 1 more.');
  });

  it('is not called whole while the head that proves its end cannot be read', async () => {
    const end = { seq: 2, hash: 'b', head: 'unreachable', published: null };
    stack().pages = [{ ...wholePage, end }];
    const { code, err } = await run('history verify --json');
    expect([code, JSON.parse(err).error.code]).toEqual([1, 'head_unreachable']);
  });
});

describe('notifications', () => {
  it('are listed with the state of each channel, and by state', async () => {
    const { out } = await run('notify list');
    expect(out).toMatch(/^ +pagerduty +off: PAGERDUTY_ROUTING_KEY is not set$/m);
    expect(out).toContain('Route started');
    expect((await run('notify list --state failed')).out).toMatch(/^None\.$/m);
    expect((await run('notify list --state lost')).code).toBe(2);
  });

  it('are tried with a message that a repeat does not send twice', async () => {
    stack().after.push(null);
    expect((await run('notify test')).code).toBe(0);
    expect(posts().map(({ body }) => body)).toEqual([
      { request_id: REQUEST_ID },
      { request_id: REQUEST_ID },
    ]);
  });

  it('that were not delivered, or have a channel that cannot work, leave with 1', async () => {
    const late = { ...message, state: 'pending', last_error: 'it answered 500' };
    stack().messages = [late];
    expect(await run('notify test')).toMatchObject({
      code: 1,
      err: expect.stringContaining('to slack was not delivered: it answered 500'),
    });
    stack().messages = [message];
    stack().channels = channels.map((one) => ({ ...one, state: 'unusable', why: 'bad key' }));
    expect((await run('notify test')).err).toContain('slack is not usable: bad key');
  });
});
