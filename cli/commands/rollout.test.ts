/**
 * `bruno experiment` on live traffic, against a real HTTP server that keeps to the admin API's contract.
 */
import { describe, expect, it } from 'vitest';
import { freshStack } from '../testing/fresh-stack.ts';
import { bruno, REQUEST_ID } from '../testing/run-cli.ts';

const { posts, run, stack } = freshStack();
const ID = 'rollout-2026-w42.1-1';

describe('experiments', () => {
  it('plans with what may promote, and refuses a word that promises nothing', async () => {
    const { out } = await run('experiment plan --promote-on no_evidence_of_harm');
    expect(out).toContain('Not proven better live.');
    expect(out).toMatch(/thumbs up +72 % +60 % +20 % +8.6 % +4.3 %/);
    expect(await run('experiment plan --promote-on hope')).toMatchObject({ code: 2 });
  });

  it('starts a model as a new experiment and a planned one by its id', async () => {
    const start = (what: string) =>
      run(`experiment start ${what} --reason x --request-id`, crypto.randomUUID());
    expect((await start('2026-w43.1')).out).toContain('Experiment rollout-2026-w43.1-1');
    await start(ID);
    expect(await start(`${ID} --promote-on improvement`)).toMatchObject({ code: 2 });
    expect(posts()).toMatchObject([
      { path: '/admin/experiments', body: { model_id: '2026-w43.1', start: true, reason: 'x' } },
      { path: `/admin/experiments/${ID}/commands`, body: { action: 'start' } },
    ]);
  });

  it('lists and shows them, also as one JSON document', async () => {
    expect((await run('experiment list')).out).toMatch(
      /rollout-2026-w42.1-1 +model +2026-w42.1 +waiting +10 %/,
    );
    const { out } = await run(`experiment show ${ID}`);
    expect(out).toMatch(/first token +10 % +410, 1820, 3450 +430, 1901, 3502/);
    expect(out).toMatch(/thumbs up +10 % +72.4 % +10,900 +76.3 % +1,211/);
    const document = JSON.parse((await run(`experiment show ${ID} --json`)).out);
    expect(document).toMatchObject({ id: ID, evidence: { waived: ['hallucination'] } });
    expect(await run('experiment show rollout-none-1')).toMatchObject({ code: 1 });
  });

  it.each(['approve', 'reject', 'pause', 'resume', 'stop', 'rollback'])(
    '%s carries its reason and request id',
    async (action) => {
      const { code, out } = await run(`experiment ${action} ${ID} --reason week --json`);
      expect(code).toBe(0);
      expect(posts()[0]?.body).toEqual({ action, reason: 'week', request_id: REQUEST_ID });
      expect(JSON.parse(out)).toMatchObject({ request_id: REQUEST_ID, experiment: { id: ID } });
      expect((await run(`experiment ${action} ${ID}`)).code).toBe(2);
    },
  );

  it('says what was done where the record cannot be read', async () => {
    const body = JSON.stringify({ id: ID, reason: 'rolled back: bad', recorded: false });
    stack().after.push({ status: 202, body });
    const { code, out } = await run(`experiment rollback ${ID} --reason bad`);
    expect(code).toBe(0);
    expect(out).toContain('Done: rolled back: bad. The record cannot be read just now');
  });

  it('passes on why an approval is refused, and repeats what was lost once', async () => {
    const approve = () =>
      bruno(['experiment', 'approve', ID, '--reason', 'x'], stack().url, {
        newId: () => crypto.randomUUID(),
      });
    stack().after.push(null);
    expect((await approve()).code).toBe(0);
    expect((await approve()).err).toBe('Nothing waits for an approval; it is running.\n');
  });
});
