/**
 * `bruno week`, against a real HTTP server that keeps to the admin API's contract.
 */
import { describe, expect, it } from 'vitest';
import { freshStack } from '../testing/fresh-stack.ts';
import { status } from '../testing/stack-state.ts';

const { posts, run, stack } = freshStack();

describe('ending the week', () => {
  it('moves the clock to the coming Sunday 02:00 UTC and names the week that ended', async () => {
    stack().status = { ...status, now: '2026-10-14T09:30:00.000Z' };
    const { code, out } = await run('week end');
    expect(code).toBe(0);
    expect(out).toContain('Week 2026-w42 has ended');
    expect(out).toContain('2026-10-18 02:00 UTC');
    const body = { to: '2026-10-18T02:00:00.000Z' };
    expect(posts()).toEqual([{ method: 'POST', path: '/local/clock', body }]);
  });

  it('ends the next week when one has ended this instant', async () => {
    const { out } = await run('week end --json');
    expect(JSON.parse(out)).toEqual({
      week: '2026-w43',
      before: '2026-10-18T02:00:00.000Z',
      now: '2026-10-25T02:00:00.000Z',
      fired: 3,
    });
  });

  it('refuses with one sentence where the clock is the real one', async () => {
    stack().local = false;
    expect(await run('week end')).toEqual({
      code: 1,
      out: '',
      err: 'Only a stack on one machine has a clock to move; this one ends its week by itself on Sunday 02:00 UTC.\n',
    });
  });

  it('does not move the clock twice when the answer was lost', async () => {
    stack().after.push({ status: 200, body: JSON.stringify(stack().status) }, null);
    const { code, err } = await run('week end');
    expect(code).toBe(1);
    expect(err).toContain('it may have been done all the same');
    expect(posts()).toHaveLength(1);
  });
});
