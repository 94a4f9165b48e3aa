/**
 * `bruno route`, against a real HTTP server that keeps to the admin API's contract.
 */
import { describe, expect, it } from 'vitest';
import { freshStack } from '../testing/fresh-stack.ts';
import { bruno, REQUEST_ID } from '../testing/run-cli.ts';

const { posts, run, stack } = freshStack();

describe('routes', () => {
  it('starts, grows, promotes and rolls back, each with a request id', async () => {
    const ids = [1, 2, 3, 4].map((n) => `00000000-0000-4000-8000-00000000000${n}`);
    const withId = (line: string) =>
      bruno([...line.split(' '), '--reason', 'week 42'], stack().url, {
        newId: () => ids.shift() ?? '',
      });
    for (const line of ['start 2026-w42.1', 'share 0.25', 'promote', 'rollback']) {
      expect((await withId(`route ${line}`)).code).toBe(0);
    }
    expect(posts().map(({ body }) => body)).toMatchObject([
      { action: 'start', model_id: '2026-w42.1', reason: 'week 42' },
      { action: 'share', share: 0.25, model_id: '2026-w42.1' },
      { action: 'promote', model_id: '2026-w42.1' },
      { action: 'rollback' },
    ]);
    expect(stack().table.production).toBe('2026-w41.1');
  });

  it('shows the candidate it read and names it, so that another one is not promoted', async () => {
    await run('route start 2026-w42.1 --reason x --request-id', crypto.randomUUID());
    const { err, out } = await run('route share 0.5 --reason x --request-id', crypto.randomUUID());
    expect(err).toBe('candidate: 2026-w42.1, 10 % of visitors\n');
    expect(out).toMatch(/^Before\n.*\n +candidate +2026-w42.1, 10 %/m);
    expect(out).toMatch(/^Live\n.*\n +candidate +2026-w42.1, 50 %/m);
    const read = JSON.stringify({
      table: { production: 'a', candidate: '2026-w43.1', share_bp: 1000, version: 9 },
      history: [],
    });
    stack().before.push({ status: 200, body: read });
    expect(await run('route promote --reason x')).toMatchObject({
      code: 1,
      err: expect.stringContaining('The candidate is 2026-w42.1 by now, not 2026-w43.1.'),
    });
  });

  it('tries two at once on slices, and asks which one is meant', async () => {
    const change = (line: string) => run(`${line} --reason x --request-id`, crypto.randomUUID());
    await change('route start 2026-w42.1 --slice 0.4');
    await change('route start 2026-w43.1 --slice 0.6 --share 0.5');
    expect(await change('route share 0.25')).toMatchObject({
      code: 1,
      err: expect.stringContaining('Say which one is meant: 2026-w42.1'),
    });
    expect((await change('route share 0.25 --experiment 2026-w42.1')).out).toMatch(
      /candidate +2026-w42.1, 25 % of a slice of 40 % \(exp-2026-w42.1-8\)\n +candidate +2026-w43.1, 50 % of/,
    );
    expect((await change('route rollback --experiment exp-2026-w42.1-8')).code).toBe(0);
    expect(stack().table.experiments).toMatchObject([{ candidate: '2026-w43.1' }]);
    expect(await change('route start 2026-w44.1 --slice 0.5')).toMatchObject({
      code: 1,
      err: expect.stringContaining('No room for a slice of 50 %'),
    });
  });

  it('repeats a change whose answer was lost, with the same id, and it counts once', async () => {
    stack().after.push(null);
    const { code, out } = await run('route start 2026-w42.1 --share 0.5 --reason x --json');
    expect(code).toBe(0);
    expect(posts()).toHaveLength(2);
    expect(stack().history).toHaveLength(1);
    expect(JSON.parse(out)).toMatchObject({
      request_id: REQUEST_ID,
      route: { table: { candidate: '2026-w42.1', share_bp: 5000 } },
    });
  });

  it('tells how to repeat safely when it cannot know what became of the change', async () => {
    stack().before.push(null, null, null);
    const { code, err } = await run('route rollback');
    expect(code).toBe(1);
    expect(err).toContain(`repeat it safely with --request-id ${REQUEST_ID}`);
    expect((await run(`route rollback --request-id ${REQUEST_ID}`)).code).toBe(0);
  });

  it('reports a made change as made though the table cannot be read back', async () => {
    stack().after.push({ status: 200, body: '{}' }, { status: 500, body: '' });
    const { code, out } = await run('route rollback');
    expect(code).toBe(0);
    expect(out).toContain('Done, but the table cannot be read just now.');
  });

  it('passes on why a change is refused', async () => {
    expect(await run('route promote --reason x')).toEqual({
      code: 1,
      out: '',
      err: 'candidate: none\nNo candidate is running; start one first.\n',
    });
  });

  it.each(['0', '-0.1', '1.01', 'half', '25%', '1e-1', ''])(
    'refuses the share "%s"',
    async (share) => {
      const { code } = await bruno(['route', 'share', '--reason', 'x', '--', share], stack().url);
      expect(code).toBe(2);
      expect(stack().requests).toEqual([]);
    },
  );
});
