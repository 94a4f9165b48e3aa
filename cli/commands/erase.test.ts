/**
 * `bruno erase`, against a real HTTP server that keeps to the admin API's contract.
 */
import { describe, expect, it } from 'vitest';
import { freshStack } from '../testing/fresh-stack.ts';

const { posts, run, stack } = freshStack();

describe('erasures', () => {
  it('shows what would go, and asks for nothing more', async () => {
    const { code, out } = await run('erase visitor-1 --dry-run --reason asked');
    expect(code).toBe(0);
    expect(out).toContain('Would go with visitor-1');
    expect(out).toMatch(/datasets +2026-w41, 2026-w42/);
    expect(posts().map(({ body }) => body)).toEqual([
      { visitor_id: 'visitor-1', reason: 'asked', dry_run: true },
    ]);
    expect(stack().erasures).toEqual([]);
  });

  it('erases with a reason, once, also when the answer was lost', async () => {
    stack().after.push(null);
    const { code, out } = await run('erase visitor-1 --reason asked --json');
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ state: 'rewriting', reason: 'asked' });
    expect(stack().erasures).toHaveLength(1);
  });

  it('needs a reason and a visitor', async () => {
    expect(await run('erase visitor-1')).toMatchObject({
      code: 2,
      err: 'bruno erase needs --reason TEXT.\n',
    });
    expect(await run('erase --reason asked')).toMatchObject({ code: 2 });
    expect(posts()).toEqual([]);
  });

  it('lists them, for people and as one document', async () => {
    expect((await run('erase list')).out).toBe('Nobody was erased.\n');
    await run('erase visitor-1 --reason asked');
    expect((await run('erase list')).out).toMatch(/operator +rewriting +12 +0 +0 +- +asked/);
    expect(JSON.parse((await run('erase list --json')).out)).toMatchObject({
      erasures: [{ who: 'operator' }],
    });
  });
});
