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
import { z } from 'zod';
import { CRON } from '../core/calendar.ts';
import { deployedSchema, REQUIRED_SECRETS } from '../core/deployment.ts';
import { deployProblems, isMeant } from './check-deploy.ts';
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
      env: {
        ...process.env,
        CLOUDFLARE_ENV: '',
        WRANGLER_SEND_METRICS: 'false',
        CI: 'true',
        FORCE_COLOR: '0',
      },
    }).catch((error: unknown) => {
      throw new Error(readFileSync(log, 'utf8'), { cause: error });
    });
  };

  test.each([
    [{}, ['', 'staging', 'production']],
    [{ CLOUDFLARE_ENV: 'staging' }, ['staging']],
    [{ BRUNO_LOCAL_BUILD: '1', CLOUDFLARE_ENV: '' }, ['']],
  ])('with %j the build looks at %j', (environment, looked) => {
    const names = ['', 'staging', 'production'];
    expect(names.filter((name) => isMeant(name, environment))).toEqual(looked);
  });

  test.each(ENVIRONMENTS)('what is shipped can be deployed: %s', async (_, env) => {
    expect(await dryRun(repoRoot, env)).toContain('--dry-run: exiting now');
  });

  const checkout = (own: string): string => {
    const copy = mkdtempSync(join(folder, 'checkout-'));
    for (const name of readdirSync(repoRoot)) {
      if (name !== own) symlinkSync(join(repoRoot, name), join(copy, name));
    }
    return copy;
  };

  test('an environment that is half set up is refused, and so is a default among its secrets', async () => {
    const copy = checkout('wrangler.toml');
    const toml = readFileSync(join(repoRoot, 'wrangler.toml'), 'utf8');
    const id = '0123456789abcdef0123456789abcdef';
    writeFileSync(
      join(copy, 'wrangler.toml'),
      toml.replace('00000000000000000000000000000003', id),
    );
    const secrets = JSON.stringify({ AGENT_TOKEN: 'AGENT_TOKEN_OF_THE_WORKER' });
    writeFileSync(join(copy, 'secrets.production.json'), secrets);
    const refused = dryRun(copy, 'production');
    await expect(refused).rejects.toThrow('production: no Cloudflare Access');
    await expect(refused).rejects.toThrow('AGENT_TOKEN is short, a default or easily guessed');
  });

  test('a learning.yaml with an impossible value is refused by its name', async () => {
    const copy = checkout('learning.yaml');
    writeFileSync(join(copy, 'learning.yaml'), shipped.replace('method: dpo', 'method: ppo'));
    await expect(dryRun(copy, 'staging')).rejects.toThrow(
      'learning.rlhf.method: only "dpo" is built; "ppo" is not',
    );
  });
});

const staging = (over: object, secrets: Record<string, string> | null = null) => ({
  name: 'staging',
  config: deployedSchema.parse({ vars: { ENVIRONMENT: 'staging', S3_BUCKET: 'b', ...over } }),
  secrets,
});

describe('what may not be deployed', () => {
  test('overrides that name an unknown key', () => {
    const overrides = 'learning: { trainng: {} }';
    const [problem] = deployProblems(shipped, [staging({ LEARNING_OVERRIDES: overrides })]);
    expect(problem).toContain('trainng');
    expect(problem).toContain('LEARNING_OVERRIDES of staging');
    const [inSecrets] = deployProblems(shipped, [staging({}, { LEARNING_OVERRIDES: overrides })]);
    expect(inSecrets).toContain('trainng');
  });

  test('an operator token anywhere but locally', () => {
    const given = { ADMIN_TOKEN: 'x'.repeat(24) };
    expect(deployProblems(shipped, [staging(given)]).join()).toContain('ADMIN_TOKEN');
    expect(deployProblems(shipped, [staging({ ...given, ENVIRONMENT: 'local' })])).toEqual([]);
  });

  test('secrets that are missing, defaults or this machine\u2019s own', () => {
    const mine = 'Zq7LwX2vN8rTy4BdM6hKc1PsJg9FeUoA3iRbVtYxEmQ';
    const given = { GATEWAY_TOKEN: mine, AGENT_TOKEN: 'AGENT_TOKEN_OF_THE_WORKER' };
    const said = deployProblems(shipped, [staging({}, given)], [mine]).join('\n');
    expect(said).toContain('missing: DATABASE_URL');
    expect(said).toContain('AGENT_TOKEN is short, a default or easily guessed');
    expect(said).toContain('a secret of the local stack: GATEWAY_TOKEN');
    expect(said).not.toContain(mine);
  });

  test('an environment that is half set up; one that nobody touched can be looked at', () => {
    const { name, config, secrets } = staging({});
    const id = '0123456789abcdef0123456789abcdef';
    const begun = { ...config, kv_namespaces: [{ binding: 'ROUTING_KV', id }] };
    const untouched = { ...config, kv_namespaces: [{ binding: 'ROUTING_KV', id: '0'.repeat(32) }] };
    const said = deployProblems(shipped, [{ name, config: begun, secrets }]).join('\n');
    expect(said).toContain('staging: no Cloudflare Access');
    expect(said).toContain('DEAD_LETTERS');
    expect(deployProblems(shipped, [{ name, config: untouched, secrets }])).toEqual([]);
    const asked = deployProblems(shipped, [{ name, config: untouched, secrets, named: true }]);
    expect(asked.join()).toContain('a placeholder');
  });
});

test.each(ENVIRONMENTS)(
  'the cron triggers are those the Worker acts on, and its secrets are required: %s',
  (_, env) => {
    const { triggers, observability, secrets } = unstable_readConfig({
      config: join(repoRoot, 'wrangler.toml'),
      env,
    });
    expect(triggers.crons?.toSorted()).toEqual(Object.values(CRON).toSorted());
    expect(observability?.enabled).toBe(true);
    // Locally the stack gives them; anywhere else wrangler refuses to go without.
    expect(secrets?.required).toEqual(env === undefined ? undefined : [...REQUIRED_SECRETS]);
  },
);

const limitsSchema = z.array(
  z.looseObject({ name: z.string(), simple: z.looseObject({ limit: z.number() }) }),
);

test.each(ENVIRONMENTS)('a network may ask as often as a key in it: %s', (_, env) => {
  const { ratelimits } = unstable_readConfig({ config: join(repoRoot, 'wrangler.toml'), env });
  const limits = limitsSchema.parse(ratelimits);
  const limitOf = (name: string) => limits.find((one) => one.name === name)?.simple.limit;
  expect(limitOf('KEY_LIMIT')).toBeGreaterThan(0);
  expect(limitOf('NETWORK_LIMIT')).toBeGreaterThanOrEqual(limitOf('KEY_LIMIT') ?? Infinity);
});
