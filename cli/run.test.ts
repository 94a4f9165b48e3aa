/**
 * What strangers wrote, all the way to the terminal, against a real HTTP server that keeps to the admin API's contract.
 */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { bruno } from './testing/run-cli.ts';
import { type Stack, startStack } from './testing/stack-server.ts';

let stack: Stack;
beforeEach(async () => {
  stack = await startStack();
});
afterEach(() => stack.close());

const run = (line: string, ...more: string[]) =>
  bruno([...line.split(' ').filter((word) => word !== ''), ...more], stack.url);

describe('hostile text', () => {
  it('reaches the terminal as codes, in pages, JSON and errors', async () => {
    const evil = '\u001b[2J\u202eok\u009b1m\nevt-9  accepted';
    Object.assign(stack.reviews[0] ?? {}, { corrected_response: evil, event_id: evil });
    const page = await run('review list');
    expect(page.out).toContain('\\u{1b}[2J\\u{202e}ok\\u{9b}1m');
    const json = await run('review list --json');
    expect(JSON.parse(json.out).reviews[0].corrected_response).toBe(evil);
    const error = JSON.stringify({ error: { code: 'x', message: evil } });
    stack.before.push({ status: 400, body: error });
    const failed = await run('review list');
    for (const text of [page.out, json.out, failed.err]) {
      expect(text.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\u202e]/u);
    }
    expect(page.out.split('\n').filter((line) => line.startsWith('evt-9'))).toEqual([]);
  });
});
