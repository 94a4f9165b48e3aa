/**
 * The real program: exit codes, one sentence for misuse, one JSON document, closed pipes.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { spawnBruno } from './testing/run-cli.ts';
import { type Stack, startStack, TOKEN } from './testing/stack-server.ts';

let stack: Stack;
beforeAll(async () => {
  stack = await startStack();
});
afterAll(() => stack.close());

const here = () => ({ BRUNO_URL: stack.url, BRUNO_TOKEN: TOKEN });

describe('the bruno program', () => {
  it('leaves with 0 and prints only the document with --json', async () => {
    const { code, out, err } = await spawnBruno(['status', '--json'], here());
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(JSON.parse(out)).toMatchObject({ week: '2026-w43' });
  });

  it('leaves with 1 when nothing answers, and says what to do', async () => {
    const gone = await startStack();
    await gone.close();
    const { code, out, err } = await spawnBruno(['status'], {
      BRUNO_URL: gone.url,
      BRUNO_TOKEN: TOKEN,
    });
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(err).toBe(
      `Nothing answers at ${gone.url} (ECONNREFUSED): start the stack with npm start, or give its address with --url.\n`,
    );
  });

  it('leaves with 1 for a wrong token, without printing it', async () => {
    const { code, err } = await spawnBruno(['model', 'list', '--token', 'wrong-secret'], here());
    expect(code).toBe(1);
    expect(err).toContain('A valid bearer token is needed');
    expect(err).not.toContain('wrong-secret');
  });

  it.each([
    [
      ['stauts'],
      'There is no command "stauts", did you mean status (bruno --help lists what there is).\n',
    ],
    [
      ['route', 'share', '25', '--reason', 'x'],
      'SHARE must be a share above 0 and at most 1, not "25", did you mean 0.25.\n',
    ],
    [['job', 'show'], 'bruno job show needs ID: bruno job show ID.\n'],
  ])('leaves with 2 and one sentence for %j', async (argv, sentence) => {
    expect(await spawnBruno(argv, here())).toEqual({ code: 2, out: '', err: sentence });
  });

  it('says misuse as JSON on stderr with --json, with the same exit code', async () => {
    const { code, out, err } = await spawnBruno(['job', 'lst', '--json'], here());
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(JSON.parse(err)).toEqual({
      error: { code: 'usage', message: expect.stringContaining('did you mean list') },
    });
  });
});
