/**
 * Reading through the client: good answers, bad ones and none, against a real HTTP server that keeps to the admin API's contract.
 */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { bruno } from './testing/run-cli.ts';
import { type Stack, startStack } from './testing/stack-server.ts';
import { job } from './testing/stack-state.ts';

let stack: Stack;
beforeEach(async () => {
  stack = await startStack();
});
afterEach(() => stack.close());

const run = (line: string, ...more: string[]) =>
  bruno([...line.split(' ').filter((word) => word !== ''), ...more], stack.url);
const posts = () => stack.requests.filter(({ method }) => method === 'POST');

describe('reading', () => {
  it.each([
    ['status', 'week'],
    ['dataset list', 'datasets'],
    ['dataset show 2026-w42', 'id'],
    ['job list', 'jobs'],
    [`job show ${job.id}`, 'id'],
    ['review list', 'reviews'],
    ['model list', 'models'],
    ['model show 2026-w42.1', 'id'],
    ['route show', 'table'],
    ['lineage show 2026-w42.1', 'kind'],
  ])('bruno %s prints a page, or one document with --json', async (line, key) => {
    const page = await run(line);
    expect({ code: page.code, err: page.err }).toEqual({ code: 0, err: '' });
    expect(page.out.length).toBeGreaterThan(20);
    const json = await run(line, '--json');
    expect({ code: json.code, err: json.err }).toEqual({ code: 0, err: '' });
    expect(JSON.parse(json.out)).toHaveProperty(key);
    expect(posts()).toEqual([]);
  });

  it('passes on fields it does not know in JSON', async () => {
    const { out } = await run('dataset show 2026-w42 --json');
    expect(JSON.parse(out)).toHaveProperty('not_known_yet.extra', true);
  });

  it('gives the server’s own reason for a refusal, on stderr, as text or JSON', async () => {
    expect(await run('model show none')).toEqual({
      code: 1,
      out: '',
      err: 'There is no model none.\n',
    });
    const { code, err } = await run('model show none --json');
    expect(code).toBe(1);
    expect(JSON.parse(err).error).toMatchObject({ code: 'not_found', status: 404 });
  });

  it('refuses an answer whose printed fields are not what they should be', async () => {
    stack.status = { week: 42 };
    const { code, err } = await run('status');
    expect(code).toBe(1);
    expect(err).toContain('/admin/status answered 200 in a shape this version does not know');
  });

  it('keeps an id inside its path segment', async () => {
    await run('model show', '../route?x=1');
    expect(stack.requests[0]?.path).toBe('/admin/models/..%2Froute%3Fx%3D1');
    expect((await run('model show ..')).code).toBe(2);
  });

  it('tries a read again after a cut connection or a passing 503, and gives up after three', async () => {
    stack.before.push(null, { status: 503, body: '' });
    expect((await run('job list')).code).toBe(0);
    stack.before.push(null, null, null);
    const { code, err } = await run('job list');
    expect(code).toBe(1);
    expect(err).toContain('failed (');
  });

  it('does not follow a redirect, nor take a page for an answer', async () => {
    stack.before.push({ status: 302, body: '', headers: { location: 'http://127.0.0.1:1/login' } });
    expect((await run('job list')).err).toContain('answered 302 with a redirect');
    stack.before.push({ status: 200, body: '<html>' });
    expect((await run('job list')).err).toContain('is --url the stack');
    expect(stack.requests).toHaveLength(2);
  });

  it('gives up after --time-out', async () => {
    const { createServer } = await import('node:http');
    const mute = createServer(() => {});
    await new Promise<void>((resolve) => mute.listen(0, '127.0.0.1', resolve));
    const address = mute.address();
    const port = address !== null && typeof address !== 'string' ? address.port : 0;
    // Also where a command would be more patient by itself.
    for (const words of [
      ['job', 'list'],
      ['experiment', 'chat', 'rollout-1', 'Hello?'],
    ]) {
      const { code, err } = await bruno(
        [...words, '--time-out', '0.1'],
        `http://127.0.0.1:${port}`,
      );
      expect({ code, err }).toMatchObject({ code: 1 });
      expect(err).toContain('did not answer within 0.1 s (--time-out)');
    }
    mute.closeAllConnections();
    mute.close();
  });
});
