/**
 * Passing Cloudflare Access: which headers go out, where they may go, and that the local operator
 * token stays on its machine.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { accessHeaders } from './access.ts';
import { resolveSettings } from './settings.ts';
import { bruno } from './testing/run-cli.ts';
import { ACCESS, type Stack, startStack, TOKEN } from './testing/stack-server.ts';

const DEPLOYED = new URL('https://bruno.example');
const person = { BRUNO_ACCESS_TOKEN: ACCESS.person };
const service = {
  BRUNO_ACCESS_CLIENT_ID: ACCESS.clientId,
  BRUNO_ACCESS_CLIENT_SECRET: ACCESS.clientSecret,
};

let stack: Stack;
let home: string;
beforeEach(async () => {
  stack = await startStack();
  home = await mkdtemp(join(tmpdir(), 'bruno-access-'));
});
afterEach(async () => {
  await stack.close();
  await rm(home, { recursive: true });
});

const status = (env: Record<string, string>) =>
  bruno(['status'], stack.url, { env: { BRUNO_URL: stack.url, BRUNO_HOME: home, ...env } });

describe('signing in', () => {
  it.each([
    ['a person', person],
    ['a service token', service],
  ])('as %s needs no operator token', async (_name, env) => {
    expect(await status(env)).toMatchObject({ code: 0, err: '' });
  });

  it('with neither says what to set, and with a wrong one that it was refused', async () => {
    expect((await status({})).err).toContain('BRUNO_ACCESS_TOKEN');
    const wrong = await status({ BRUNO_ACCESS_TOKEN: 'wrong' });
    expect(wrong).toMatchObject({ code: 1 });
    expect(wrong.err).toContain('BRUNO_ACCESS_TOKEN');
  });
});

describe('what travels where', () => {
  const settingsFor = (env: Record<string, string>) =>
    resolveSettings(new Map(), {
      env: { BRUNO_HOME: home, ...env },
      writeOut: () => undefined,
      writeError: () => undefined,
      errorIsTerminal: false,
      columns: 80,
      repoRoot: home,
      nodeVersion: '24.0.0',
      nowMs: () => 0,
      newId: () => '',
      sleep: async () => undefined,
    });

  it('keeps the local operator token on its machine', async () => {
    await writeFile(join(home, 'operator.token'), TOKEN, { mode: 0o600 });
    const away = settingsFor({ ...person, BRUNO_URL: DEPLOYED.href });
    expect(away.token.value).toBeNull();
    expect(away.access).toEqual({ 'cf-access-token': ACCESS.person });
    const both = settingsFor({ ...person, BRUNO_URL: 'http://127.0.0.1:8787' });
    expect(both.token.value).toBeNull();
    const here = settingsFor({ BRUNO_URL: 'http://127.0.0.1:8787' });
    expect(here.token.value).toBe(TOKEN);
    expect(here.access).toBeNull();
  });

  it('refuses to send a sign-in over plain http to another machine', () => {
    const url = new URL('http://bruno.example');
    expect(() => accessHeaders(person, url)).toThrow('https only');
    expect(accessHeaders({}, url)).toBeNull();
  });

  it.each([
    ['half a service token', { BRUNO_ACCESS_CLIENT_ID: 'x' }, 'go together'],
    ['two sign-ins', { ...person, ...service }, 'not both'],
    ['a line break', { BRUNO_ACCESS_TOKEN: 'a\nb' }, 'printable'],
  ])('refuses %s', (_name, env, reason) => {
    expect(() => accessHeaders(env, DEPLOYED)).toThrow(reason);
  });
});
