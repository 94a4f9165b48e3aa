// Secrets for a deployment, as the program writes them.

import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { secretProblems, secretsSchema } from '../core/deployment.ts';
import { nodeBinary, repoRoot } from './home.ts';
import { freshSecrets, rotated } from './new-secrets.ts';
import { runCommand } from './run-command.ts';

const folder = mkdtempSync(join(tmpdir(), 'bruno-secrets-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const file = join(folder, 'secrets.production.json');
const program = (...args: string[]) =>
  runCommand(nodeBinary, [join(repoRoot, 'local', 'new-secrets.ts'), ...args], {
    purpose: 'make secrets',
    timeoutMs: 60_000,
    cwd: folder,
  });
const stored = () => secretsSchema.parse(JSON.parse(readFileSync(file, 'utf8')));

test('only what its owner must fill in is missing from fresh ones', () => {
  expect(secretProblems(freshSecrets()).map(({ found }) => found)).toEqual([
    'missing: DATABASE_URL, S3_ENDPOINT, S3_ACCESS_KEY_ID, S3_SECRET_ACCESS_KEY, MODEL_SERVER_URL',
  ]);
  expect(freshSecrets().AGENT_TOKEN).not.toBe(freshSecrets().AGENT_TOKEN);
});

test('rotation adds a key, makes it current and keeps the old ones', () => {
  const before = freshSecrets();
  const { secrets, current } = rotated(rotated(before).secrets);
  expect(current).toBe('k3');
  const ring = JSON.parse(secrets.TOKEN_KEYS ?? '');
  expect(ring.current).toBe('k3');
  expect(Object.keys(ring.keys)).toEqual(['k1', 'k2', 'k3']);
  expect(ring.keys.k1).toBe(JSON.parse(before.TOKEN_KEYS ?? '').keys.k1);
  expect(new Set(Object.values(ring.keys)).size).toBe(3);
  expect(() => rotated({ TOKEN_KEYS: 'k1' })).toThrow('before it can be rotated');
});

test('the file is its owner\u2019s alone, is never overwritten and is rotated in place', async () => {
  await expect(program('production', '--rotate-keys')).rejects.toThrow('is not here');
  const said = await program('production');
  const first = stored();
  expect(said).not.toContain(first.AGENT_TOKEN);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  await expect(program('production')).rejects.toThrow('is not overwritten');
  await program('production', '--rotate-keys');
  expect(stored()).toEqual({ ...first, TOKEN_KEYS: stored().TOKEN_KEYS });
  expect(stored().TOKEN_KEYS).not.toBe(first.TOKEN_KEYS);
  await expect(program('Production!')).rejects.toThrow('Name the environment');
});
