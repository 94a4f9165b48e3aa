/**
 * `bruno judge`, against a real HTTP server that keeps to the admin API's contract.
 */
import { describe, expect, it } from 'vitest';
import { measureJudgeSchema } from '../../core/wire/judging.ts';
import { freshStack } from '../testing/fresh-stack.ts';

const { posts, run, stack } = freshStack();

describe('the judge of answers', () => {
  it('is shown by name and kind, with how well it judges', async () => {
    const { code, out } = await run('judge show');
    expect(code).toBe(0);
    expect(out).toContain('Judge support-check/1');
    expect(out).toContain('a deterministic check');
    expect(out).toContain('(56 of 246)');
  });

  it('is measured without the stack where it is the deterministic check', async () => {
    const { code, out } = await run('judge measure --json');
    expect(code).toBe(0);
    const { judge } = JSON.parse(out);
    expect(judge.measured.judge).toBe('support-check/1');
    expect(judge.measured.detail.of).toBeGreaterThan(50);
    expect(posts()).toEqual([]);
  });

  it('is given planted texts of each kind where it is a model, and waited for', async () => {
    stack().judge.kind = 'model';
    stack().judge.waiting.push(2, 0);
    const { code, out, err } = await run('judge measure');
    expect(code).toBe(0);
    expect(err).toContain('2 of 180 wait');
    expect(out).toContain('a model');
    const sent = posts().map(({ body }) => measureJudgeSchema.parse(body));
    const texts = sent.flatMap((one) => one.texts);
    expect(texts).toHaveLength(180);
    for (const kind of ['detail', 'words', 'honest'] as const) {
      expect(texts.filter((one) => one.kind === kind)).toHaveLength(60);
    }
    expect(new Set(sent.map((one) => one.measurement_id)).size).toBe(1);
    for (const one of sent) expect(JSON.stringify(one).length).toBeLessThan(64 * 1024);
  });

  it('says what still waits when it took too long', async () => {
    stack().judge.kind = 'model';
    stack().judge.waiting.push(180, 175);
    const { code, err } = await run('judge measure --wait-limit 1');
    expect(code).toBe(1);
    expect(err).toContain('175 of 180 texts still wait');
  });
});
