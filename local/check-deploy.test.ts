// What wrangler refuses to deploy, through wrangler itself; and that wrangler.toml fires the crons that the Worker knows.

import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { unstable_readConfig } from 'wrangler';
import { CRON } from '../core/calendar.ts';
import { deployProblems } from './check-deploy.ts';
import { nodeBinary, repoRoot } from './home.ts';
import { runCommand } from './run-command.ts';

const ENVIRONMENTS = [
  ['the top level', undefined],
  ['staging', 'staging'],
  ['production', 'production'],
] as const;
const shipped = readFileSync(join(repoRoot, 'learning.yaml'), 'utf8');
const wrangler = join(repoRoot, 'node_modules', 'wrangler', 'bin', 'wrangler.js');

describe('wrangler deploy', () => {
  let folder: string;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'bruno-deploy-'));
    mkdirSync(join(folder, 'pages'));
    writeFileSync(join(folder, 'pages', 'index.html'), '<!doctype html>');
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const dryRun = (cwd: string, env: string | undefined): Promise<string> => {
    const own = ['--assets', join(folder, 'pages'), '--outdir', join(folder, `out-${env}`)];
    const named = env === undefined ? [] : ['--env', env];
    const log = join(folder, `${env}.log`);
    return runCommand(nodeBinary, [wrangler, 'deploy', '--dry-run', ...named, ...own], {
      purpose: 'dry-run a deployment',
      timeoutMs: 120_000,
      cwd,
      log,
      env: { ...process.env, WRANGLER_SEND_METRICS: 'false', CI: 'true', FORCE_COLOR: '0' },
    }).catch((error: unknown) => {
      throw new Error(readFileSync(log, 'utf8'), { cause: error });
    });
  };

  test.each(ENVIRONMENTS)('what is shipped can be deployed: %s', async (_, env) => {
    expect(await dryRun(repoRoot, env)).toContain('--dry-run: exiting now');
  });

  test('a learning.yaml with an impossible value is refused by its name', async () => {
    const copy = join(folder, 'checkout');
    mkdirSync(copy);
    for (const name of readdirSync(repoRoot)) {
      if (name !== 'learning.yaml') symlinkSync(join(repoRoot, name), join(copy, name));
    }
    writeFileSync(join(copy, 'learning.yaml'), shipped.replace('method: dpo', 'method: ppo'));
    await expect(dryRun(copy, 'staging')).rejects.toThrow(
      'learning.rlhf.method: only "dpo" is built; "ppo" is not',
    );
  });
});

describe('what may not be deployed', () => {
  const production = { ENVIRONMENT: 'production', LEARNING_OVERRIDES: '' };

  test('overrides that name an unknown key', () => {
    const overrides = 'learning: { trainng: {} }';
    const [problem] = deployProblems(shipped, [{ ...production, LEARNING_OVERRIDES: overrides }]);
    expect(problem).toContain('trainng');
    expect(problem).toContain('LEARNING_OVERRIDES of production');
  });

  test('an operator token anywhere but locally', () => {
    const given = { ADMIN_TOKEN: 'x'.repeat(24) };
    expect(deployProblems(shipped, [{ ...production, ...given }])).toEqual([
      'ADMIN_TOKEN is for the local environment only: remove it from the vars of production',
    ]);
    expect(deployProblems(shipped, [{ ...production, ...given, ENVIRONMENT: 'local' }])).toEqual(
      [],
    );
  });
});

test.each(ENVIRONMENTS)('the cron triggers are those the Worker acts on: %s', (_, env) => {
  const { triggers, observability } = unstable_readConfig({
    config: join(repoRoot, 'wrangler.toml'),
    env,
  });
  expect(triggers.crons?.toSorted()).toEqual(Object.values(CRON).toSorted());
  expect(observability?.enabled).toBe(true);
});
