/**
 * `bruno experiment answers|chat` against a real HTTP server that keeps to the admin API's contract.
 */
import { describe, expect, it } from 'vitest';
import { BREAKS } from '../testing/compare-routes.ts';
import { freshStack } from '../testing/fresh-stack.ts';

const { posts, run, stack } = freshStack();
const ID = 'rollout-2026-w42.1-1';
const QUESTION = 'How long are logs kept?';

describe('the answers of an arm', () => {
  it('are shown with what visitors said, both arms counted by stage', async () => {
    const { code, out } = await run(`experiment answers ${ID} --arm treatment --low`);
    expect(code).toBe(0);
    expect(out).toContain(`Low-rated answers of treatment, newest first: ${ID}`);
    expect(out).toMatch(/10 % +treatment +5,031 +1,211 +287 +23.7 %/);
    expect(out).toMatch(/corrected to +For 30 days\./);
    expect(out).toMatch(/model +2026-w41.1, in place of 2026-w42.1 \(timed out\)/);
    expect(out).not.toContain('50,151');
  });

  it('come a page at a time, in the order asked for, also as one JSON document', async () => {
    const first = await run(
      `experiment answers ${ID} --arm control --order worst --limit 1 --json`,
    );
    const document = JSON.parse(first.out);
    expect(document).toMatchObject({ arm: 'control', low: false, order: 'worst' });
    expect(document.answers).toHaveLength(1);
    const text = (await run(`experiment answers ${ID} --arm control --limit 1`)).out;
    expect(text).toContain(`More: the same with --after ${document.next}`);
    const rest = await run(`experiment answers ${ID} --arm control --after ${document.next}`);
    expect(rest.out).toContain('There are none.');
    expect(rest.out).not.toContain('Both arms by stage');
  });

  it.each([
    ['', /needs --arm ARM/],
    ['--arm both', /--arm must be one of control, treatment/],
    ['--arm control --order best', /--order must be one of newest, worst/],
    ['--arm control --limit 0', /--limit must be a whole number/],
  ])('are not asked for with "%s"', async (options, message) => {
    const { code, err } = await run(`experiment answers ${ID} ${options}`.trim());
    expect(code).toBe(2);
    expect(err).toMatch(message);
    expect(stack().requests).toEqual([]);
  });

  it('of nothing are refused', async () => {
    const { code, err } = await run('experiment answers rollout-none-1 --arm control');
    expect([code, err]).toEqual([1, 'There is no experiment rollout-none-1.\n']);
  });
});

describe('a question to both', () => {
  it('shows both answers under the names of their models', async () => {
    const { code, out } = await run(`experiment chat ${ID}`, QUESTION);
    expect(code).toBe(0);
    expect(out).toMatch(/Candidate {2}2026-w42.1\n {2}answered +For 30 days\./);
    expect(out).toMatch(/Production {2}2026-w41.1\n {2}answered +Logs are kept for 14 days\./);
    expect(out).toContain('Nothing of this was recorded.');
    expect(posts()).toMatchObject([
      { path: `/admin/experiments/${ID}/preview`, body: { message: QUESTION } },
    ]);
  });

  it('fails where one side failed, and shows the other all the same', async () => {
    const { code, out, err } = await run(`experiment chat ${ID}`, `Will it ${BREAKS}?`);
    expect(code).toBe(1);
    expect(out).toContain('Logs are kept for 14 days.');
    expect(out).toMatch(/failed +2026-w42.1 broke off/);
    expect(err).toContain('One did not answer: 2026-w42.1 broke off');
  });

  it('is one JSON document', async () => {
    const { out } = await run(`experiment chat ${ID} --json`, QUESTION);
    expect(JSON.parse(out)).toMatchObject({
      control: { response: 'Logs are kept for 14 days.', error: null },
      treatment: { model_id: '2026-w42.1', usage: { completion_tokens: 9 } },
    });
  });

  it('needs a question', async () => {
    expect(await run(`experiment chat ${ID}`)).toMatchObject({ code: 2 });
    expect(await run(`experiment chat ${ID}`, ' ')).toMatchObject({ code: 2 });
    expect(stack().requests).toEqual([]);
  });

  it('is asked again where no answer came: nothing was recorded', async () => {
    stack().before.push({ status: 504, body: '' }, null);
    expect(await run(`experiment chat ${ID}`, QUESTION)).toMatchObject({ code: 0 });
    expect(posts()).toHaveLength(3);
  });
});
