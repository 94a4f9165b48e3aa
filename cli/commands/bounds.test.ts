/**
 * `bruno bounds`, against a real HTTP server that keeps to the admin API's contract.
 */
import { describe, expect, it } from 'vitest';
import { freshStack } from '../testing/fresh-stack.ts';
import { boundedVisitor } from '../testing/stack-state.ts';

const { posts, run, stack } = freshStack();

describe('bounded visitors', () => {
  it('are listed with the rule and how many of their votes count, beyond the first page', async () => {
    for (const id of ['v2', 'v3', 'v4']) {
      stack().bounded.push({ ...boundedVisitor, visitor_id: id });
    }
    const { code, out } = await run('bounds list');
    expect(code).toBe(0);
    expect(out).toContain('at most 30 a day and 10 within a minute; from 20 in a week');
    expect(out).toMatch(/visitor-of-many-votes +214 +11 +burst 190, one way 13 +2026-10-16 09:12/);
    expect(out).toContain('v4');
    const { out: json } = await run('bounds list --json');
    const found: { visitors: unknown[] } = JSON.parse(json);
    expect(found.visitors).toHaveLength(4);
    expect(found.visitors[0]).toEqual(boundedVisitor);
    expect(posts()).toEqual([]);
  });

  it('are none, and that is said', async () => {
    stack().bounded.length = 0;
    const { out } = await run('bounds list --days 7');
    expect(out).toContain('Every vote since 2026-09-14 00:00 UTC counts.');
  });

  it.each(['0', '366', '1.5', 'many'])('refuses %s days before asking', async (days) => {
    expect((await run(`bounds list --days ${days}`)).code).toBe(2);
    expect(stack().requests).toEqual([]);
  });
});
