import { describe, expect, it } from 'vitest';
import { freshStack } from '../testing/fresh-stack.ts';
import { holdout, pruned, pruningPlan } from '../testing/learning-routes.ts';
import { bruno } from '../testing/run-cli.ts';
import { holdoutPage } from '../views/holdout-view.ts';

const { stack } = freshStack();

describe('the held-out slice', () => {
  it('is shown for people and, with --json, as the stack tells it', async () => {
    const shown = await bruno(['holdout', 'show'], stack().url);
    expect(shown).toEqual({ code: 0, out: `${holdoutPage(holdout)}\n`, err: '' });
    const json = await bruno(['holdout', 'show', '--json'], stack().url);
    expect(JSON.parse(json.out)).toEqual(holdout);
  });
});

describe('pruning', () => {
  const asked = () => stack().requests.filter(({ method }) => method === 'POST');

  it('with --dry-run says what would go, and asks for nothing more', async () => {
    const { code, out } = await bruno(['model', 'prune', '--dry-run', '--json'], stack().url);
    expect(code).toBe(0);
    expect(JSON.parse(out)).toEqual(pruningPlan);
    expect(asked()).toEqual([]);
  });

  it('says what was pruned, and passes on why', async () => {
    const { code, out } = await bruno(['model', 'prune', '--reason', 'the disk'], stack().url);
    expect(code).toBe(0);
    for (const id of pruned.pruned) expect(out).toContain(id);
    expect(asked()).toEqual([
      { method: 'POST', path: '/admin/pruning', body: { reason: 'the disk' } },
    ]);
    await bruno(['model', 'prune'], stack().url);
    expect(asked().at(-1)?.body).toEqual({});
  });
});
