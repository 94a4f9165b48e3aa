/**
 * `bruno deadletter`, against a real HTTP server that keeps to the admin API's contract.
 */
import { describe, expect, it } from 'vitest';
import { freshStack } from '../testing/fresh-stack.ts';
import { POISON } from '../testing/stack-server.ts';
import { deadLetter } from '../testing/stack-state.ts';

const { posts, run, stack } = freshStack();
const letter = (id: string, over: Partial<typeof deadLetter> = {}) => ({
  ...deadLetter,
  ...over,
  id,
});

describe('dead letters', () => {
  it('are listed with their reasons, beyond the first page', async () => {
    for (const id of ['d2', 'd3', 'd4']) stack().letters.push(letter(id));
    stack().letters.push(letter('gone', { status: 'replayed' }));
    const { code, out } = await run('deadletter list');
    expect(code).toBe(0);
    expect(out).toContain(deadLetter.reason);
    expect(out).toContain('4 dead letters wait.');
    const { out: json } = await run('deadletter list --json');
    const found: { dead_letters: { id: string }[] } = JSON.parse(json);
    expect(found.dead_letters.map(({ id }) => id)).toEqual([deadLetter.id, 'd2', 'd3', 'd4']);
  });

  it('are replayed all, each once; one that cannot be read holds up no other', async () => {
    stack().letters.push(letter('poison', { reason: POISON }), letter('d3'));
    const { code, out, err } = await run('deadletter replay --all');
    expect(code).toBe(1);
    expect(out).toContain(`failed: Dead letter poison cannot be sent again: it is ${POISON}.`);
    expect(err).toContain('1 of 3 still cannot be sent');
    expect(posts()).toHaveLength(3);
    expect(stack().letters.map(({ status }) => status)).toEqual([
      'replayed',
      'waiting',
      'replayed',
    ]);
  });

  it('are replayed by id, and unknown ones named', async () => {
    const { code, out } = await run(`deadletter replay ${deadLetter.id} nothing --json`);
    expect(code).toBe(1);
    expect(JSON.parse(out).replayed).toMatchObject([
      { id: deadLetter.id, ok: true },
      { id: 'nothing', ok: false, error: { code: 'not_found' } },
    ]);
  });

  it('are none, and then nothing is sent', async () => {
    stack().letters.length = 0;
    expect(await run('deadletter list')).toMatchObject({ code: 0, out: 'No dead letters wait.\n' });
    expect((await run('deadletter replay --all')).code).toBe(0);
    expect(posts()).toEqual([]);
  });

  it('need ids or --all, and not both', async () => {
    expect((await run('deadletter replay')).code).toBe(2);
    expect((await run('deadletter replay x --all')).code).toBe(2);
    expect(stack().requests).toEqual([]);
  });
});
