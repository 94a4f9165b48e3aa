/**
 * `bruno job`, against a real HTTP server that keeps to the admin API's contract.
 */
import { describe, expect, it } from 'vitest';
import { freshStack } from '../testing/fresh-stack.ts';
import { bruno } from '../testing/run-cli.ts';
import { JOB_2 } from '../testing/stack-server.ts';
import { job, T0 } from '../testing/stack-state.ts';

const { posts, run, stack } = freshStack();

describe('jobs', () => {
  it('creates a job from a dataset and shows it', async () => {
    const { code, out } = await run('job create 2026-w42 --json');
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ id: JOB_2, status: 'queued' });
    expect(posts()[0]?.body).toEqual({ dataset_id: '2026-w42' });
  });

  it('follows a job to its end; a refused candidate is a good end', async () => {
    stack().jobSteps.push(
      {},
      { progress: { phase: 'evaluate' } },
      { status: 'refused', verdict: { accepted: false, reason: 'groups fell by 0.2' } },
    );
    const { code, out, err } = await run(`job show ${job.id} --follow`);
    expect(code).toBe(0);
    expect(out).toContain('groups fell by 0.2');
    expect(err.split('\n').slice(0, 2)).toEqual([
      '2026-w42.1  leased  attempt 1 of 5  sft, step 12 of 60, loss 1.2346',
      '2026-w42.1  leased  attempt 1 of 5  evaluate',
    ]);
  });

  it('redraws one line on a terminal and clears it at the end', async () => {
    stack().jobSteps.push({ progress: { phase: '\u001b[31msft' } }, { status: 'succeeded' });
    const { err } = await bruno(['job', 'show', `${job.id}`, '--follow'], stack().url, {
      errorIsTerminal: true,
    });
    expect(err).toBe('\r\u001b[2K2026-w42.1  leased  attempt 1 of 5  \\u{1b}[31msft\r\u001b[2K');
  });

  it('fails when the followed job failed, and still shows it', async () => {
    stack().jobSteps.push({
      status: 'failed',
      error: { code: 'diverged', message: 'loss is NaN' },
    });
    const { code, out, err } = await run(`job show ${job.id} --follow --json`);
    expect(code).toBe(1);
    expect(JSON.parse(out)).toMatchObject({ id: job.id, status: 'failed' });
    expect(JSON.parse(err).error).toEqual({
      code: 'job_failed',
      message: `Job ${job.id} failed: loss is NaN (diverged)`,
    });
  });

  it('asks the agent to stop a job that runs', async () => {
    const { code, out } = await run(`job cancel ${job.id}`);
    expect(code).toBe(0);
    expect(out).toMatch(/status +leased, asked to stop/);
  });

  it('cancels once however often it is asked, and says why it cannot', async () => {
    Object.assign(stack().jobs[0] ?? {}, { status: 'queued' });
    expect((await run(`job cancel ${job.id}`)).code).toBe(0);
    expect((await run(`job cancel ${job.id}`)).code).toBe(0);
    Object.assign(stack().jobs[0] ?? {}, { status: 'succeeded', finished_at: T0 });
    expect(await run(`job cancel ${job.id}`)).toEqual({
      code: 1,
      out: '',
      err: `Job ${job.id} has already ended: succeeded.\n`,
    });
  });
});
