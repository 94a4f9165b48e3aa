/**
 * `bruno review`, against a real HTTP server that keeps to the admin API's contract.
 */
import { describe, expect, it } from 'vitest';
import { freshStack } from '../testing/fresh-stack.ts';
import { review } from '../testing/stack-state.ts';

const { posts, run, stack } = freshStack();

describe('reviews', () => {
  it('accepts several with a note, each by itself', async () => {
    const { code, out } = await run(
      `review accept ${review.event_id} gone evt-2`,
      '--note',
      'fine',
    );
    expect(code).toBe(1);
    expect(out).toContain('failed: There is no feedback event gone.');
    expect(stack().reviews.map(({ status, note }) => [status, note])).toEqual([
      ['accepted', 'fine'],
      ['accepted', 'fine'],
    ]);
  });

  it('accepts all beyond the first page of the list, each once', async () => {
    for (const n of [3, 4, 5]) stack().reviews.push({ ...review, event_id: `evt-${n}` });
    const { out } = await run('review accept --all --json');
    expect(JSON.parse(out).decided).toHaveLength(5);
    expect(posts()).toHaveLength(5);
  });

  it('accepts all that are pending, and nothing when nothing is', async () => {
    expect((await run('review accept --all')).code).toBe(0);
    expect(stack().reviews.every(({ status }) => status === 'accepted')).toBe(true);
    const again = await run('review accept --all');
    expect(again).toMatchObject({ code: 0, out: 'Nothing is pending.\n' });
  });

  it('rejects, and lists by status', async () => {
    await run('review reject evt-2 --json');
    const { out } = await run('review list --status rejected --json');
    expect(JSON.parse(out).reviews).toMatchObject([{ event_id: 'evt-2' }]);
  });

  it('stops at the first decision when the token is wrong', async () => {
    const { code } = await run('review reject a b c --token wrong');
    expect(code).toBe(1);
    expect(posts()).toHaveLength(1);
  });

  it('is misused without ids, with ids beside --all, or with an unknown status', async () => {
    expect((await run('review accept')).code).toBe(2);
    expect((await run('review accept x --all')).code).toBe(2);
    expect(await run('review list --status pendign')).toMatchObject({
      code: 2,
      err: expect.stringContaining('did you mean pending'),
    });
    expect(stack().requests).toEqual([]);
  });
});
