/**
 * `bruno dataset`, against a real HTTP server that keeps to the admin API's contract.
 */
import { describe, expect, it } from 'vitest';
import { freshStack } from '../testing/fresh-stack.ts';
import { RUN_ID } from '../testing/stack-server.ts';

const { posts, run, stack } = freshStack();

describe('datasets', () => {
  it('starts curating a week and names the run', async () => {
    const { code, out } = await run('dataset curate --week 2026-W42');
    expect(code).toBe(0);
    expect(out).toContain(RUN_ID);
    expect(posts()).toEqual([
      { method: 'POST', path: '/admin/datasets', body: { week: '2026-w42' } },
    ]);
  });

  it('waits until the dataset is there, one log line a change', async () => {
    stack().curationSteps.push(
      ...['queued', 'running', 'running', 'waiting'].map((status) => ({
        status,
        error: null,
        output: null,
      })),
      { status: 'complete', error: null, output: { dataset_id: '2026-w42', status: 'ready' } },
    );
    const { code, out, err } = await run('dataset curate --wait');
    expect(code).toBe(0);
    expect(out).toContain('Dataset 2026-w42');
    expect(err).toBe(
      ['queued', 'running', 'waiting'].map((step) => `curation ${RUN_ID}  ${step}\n`).join(''),
    );
  });

  it('fails when the curation failed, and when the wait is over', async () => {
    stack().curationSteps.push({
      status: 'errored',
      error: { name: 'Error', message: 'no answers' },
      output: null,
    });
    expect(await run('dataset curate --wait')).toEqual({
      code: 1,
      out: '',
      err: `Curation ${RUN_ID} errored: no answers.\n`,
    });
    stack().curationSteps.splice(0, 1, { status: 'running', error: null, output: null });
    const late = await run('dataset curate --wait --wait-limit 5 --json');
    expect(late.code).toBe(1);
    expect(JSON.parse(late.err).error.code).toBe('wait_limit');
  });

  it('does not repeat a curation that may have been started', async () => {
    stack().before.push(null);
    const { code, err } = await run('dataset curate');
    expect(code).toBe(1);
    expect(err).toContain('it may have been done all the same');
    expect(posts()).toHaveLength(1);
  });
});
