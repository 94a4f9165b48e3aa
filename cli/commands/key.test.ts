/**
 * `bruno key`, against a real HTTP server that keeps to the admin API's contract.
 */
import { describe, expect, it } from 'vitest';
import { freshStack } from '../testing/fresh-stack.ts';
import { apiKey, KEY_TEXT } from '../testing/stack-state.ts';

const { posts, run, stack } = freshStack();

describe('keys', () => {
  it('are made with all that was said, and printed once', async () => {
    const { code, out } = await run(
      'key create --scope chat --scope models:version --prefix shop --expires 90d',
      'The shop',
    );
    expect(code).toBe(0);
    expect(out.split('\n')[0]).toBe(KEY_TEXT);
    expect(posts()).toMatchObject([
      {
        path: '/admin/keys',
        body: {
          name: 'The shop',
          scopes: ['chat', 'models:version'],
          prefix: 'shop',
          expires_in_days: 90,
          request_id: expect.any(String),
        },
      },
    ]);
    expect((await run('key list')).out).not.toContain(KEY_TEXT);
  });

  it('are one JSON document with --json, the text in it', async () => {
    const { out } = await run('key create shop --scope chat --expires 2027-01-31 --json');
    expect(JSON.parse(out)).toMatchObject({ key: KEY_TEXT, scopes: ['chat'] });
    expect(posts()[0]?.body).toMatchObject({ expires_at: '2027-01-31T23:59:59.000Z' });
  });

  it('are asked for once: an answer that was lost is not tried again by itself', async () => {
    stack().after.push({ status: 503, body: '' });
    const { code } = await run('key create shop --scope chat');
    expect(code).toBe(1);
    expect(posts()).toHaveLength(1);
  });

  it('are listed, and revoked with a reason', async () => {
    const { out } = await run('key revoke', apiKey.id, '--reason', 'leaked in a log');
    expect(out).toBe(`Key ${apiKey.id} is revoked: it opens nothing within seconds.\n`);
    expect((await run('key list --json')).out).toContain('leaked in a log');
    const again = await run(`key revoke ${apiKey.id} --reason again --json`);
    expect(JSON.parse(again.out)).toMatchObject({ changed: false });
    expect((await run('key revoke 0123456789 --reason x')).code).toBe(1);
  });

  it.each([
    ['key create shop', 'needs --scope SCOPE'],
    ['key create --scope chat', 'needs NAME'],
    ['key create shop --scope caht', 'did you mean chat'],
    ['key create shop --scope chat --prefix Shop', 'small letters'],
    ['key create shop --scope chat --prefix erased-shop', 'must not begin with erased-'],
    ['key create shop --scope chat --prefix a --prefix b', '--prefix is given twice'],
    ['key create shop --scope chat --expires tomorrow', 'not "tomorrow"'],
    ['key create shop --scope chat --expires 2027-02-30', 'not "2027-02-30"'],
    [`key revoke ${apiKey.id}`, 'needs --reason TEXT'],
  ])('misuse is told before anything is sent: %s', async (line, sentence) => {
    const { code, err } = await run(line);
    expect(code).toBe(2);
    expect(err).toContain(sentence);
    expect(stack().requests).toEqual([]);
  });
});
