/**
 * The doctor: each check's verdicts, and the whole round against a real server and real files.
 */
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { bruno } from '../testing/run-cli.ts';
import { type Stack, startStack, TOKEN } from '../testing/stack-server.ts';
import { status } from '../testing/stack-state.ts';
import { accessCheck } from './access-check.ts';
import { nodeCheck } from './machine-checks.ts';
import { combinationCheck, learningCheck } from './project-checks.ts';
import { agentCheck, notificationChecks } from './stack-checks.ts';
import { varsBySection } from './wrangler-vars.ts';

let stack: Stack;
let home: string;
beforeAll(async () => {
  stack = await startStack();
  home = await mkdtemp(join(tmpdir(), 'bruno-doctor-'));
});
afterAll(async () => {
  await stack.close();
  await rm(home, { recursive: true });
});
beforeEach(async () => {
  await writeFile(join(home, 'operator.token'), `${TOKEN}\n`, { mode: 0o600 });
  await writeFile(join(home, 'address'), `${stack.url}\n`);
  await chmod(join(home, 'operator.token'), 0o600);
});

const checkup = async () => {
  const env = { BRUNO_HOME: home, PATH: process.env.PATH };
  const { code, out, err } = await bruno(['doctor', '--json'], stack.url, { env });
  const document = JSON.parse(out);
  const results: Record<string, string> = {};
  for (const check of document.checks) results[check.name] = check.result;
  return { code, err, document, results };
};

describe('bruno doctor', () => {
  it('finds address and token in the home folder and passes what is well', async () => {
    const { results } = await checkup();
    expect(results).toMatchObject({
      node: 'pass',
      home: 'pass',
      secrets: 'pass',
      disk: 'pass',
      stack: 'pass',
      'ready: database': 'pass',
      'ready: model_server': 'pass',
      operator: 'pass',
      agent: 'pass',
    });
  });

  it('names an ill part and open secrets, says what to do, and leaves with 1', async () => {
    stack.parts.model_server = false;
    await chmod(join(home, 'operator.token'), 0o644);
    const { code, err, document, results } = await checkup();
    stack.parts.model_server = true;
    expect(code).toBe(1);
    expect(results).toMatchObject({ 'ready: model_server': 'fail', secrets: 'fail' });
    expect(document.ok).toBe(false);
    const secrets = document.checks.find((check: { name: string }) => check.name === 'secrets');
    expect(secrets.todo).toContain('chmod 600');
    expect(JSON.parse(err).error.code).toBe('unwell');
  });

  it('skips what it cannot see when nothing answers', async () => {
    const gone = await startStack();
    await gone.close();
    await writeFile(join(home, 'address'), gone.url);
    const { code, results } = await checkup();
    expect(code).toBe(1);
    expect(results).toMatchObject({
      stack: 'fail',
      ready: 'skip',
      operator: 'skip',
      agent: 'skip',
    });
  });

  it('prints the advice under the results for people', async () => {
    const { out } = await bruno(['doctor'], stack.url, { nodeVersion: '20.1.0' });
    expect(out).toMatch(/^fail +node +20\.1\.0$/m);
    expect(out).toMatch(/^node +run bruno with Node 24/m);
    expect(out).toMatch(/^home +start the stack once: npm start$/m);
  });
});

describe('single checks', () => {
  it('wants Node 24', () => {
    expect(nodeCheck('24.0.0').result).toBe('pass');
    expect(nodeCheck('22.18.0').result).toBe('fail');
  });

  it('judges the agent by the server’s clock', () => {
    const seen = (agentSeenAt: string | null) =>
      agentCheck({ now: status.now, health: { agent_seen_at: agentSeenAt } });
    expect(seen(null)).toMatchObject({ result: 'fail', found: 'never seen' });
    expect(seen('2026-10-18T01:59:00.000Z').result).toBe('pass');
    expect(seen('2026-10-18T01:00:00.000Z').found).toContain('60 minutes ago');
  });

  it('passes a channel that is on, skips one that is off, fails one that cannot work', () => {
    const judged = (told: Parameters<typeof notificationChecks>[0]) =>
      notificationChecks(told).map(({ name, result }) => `${name} ${result}`);
    const on = { name: 'slack', state: 'on' as const, why: null };
    const off = { name: 'pagerduty', state: 'off' as const, why: 'not set' };
    expect(judged({ channels: [on, off], pending: 1, failed: 0 })).toEqual([
      'notify: slack pass',
      'notify: pagerduty skip',
    ]);
    const wrong = { name: 'slack', state: 'unusable' as const, why: 'expected an address' };
    expect(judged({ channels: [wrong], pending: 0, failed: 2 })).toEqual([
      'notify: slack fail',
      'notify: outbox fail',
    ]);
    expect(judged(undefined)).toEqual([]);
  });

  it('gives the parser’s own words about learning.yaml', () => {
    const parse = () => {
      throw new Error('training.lora_rank: expected a number');
    };
    expect(learningCheck('x', parse)).toMatchObject({
      result: 'fail',
      found: 'training.lora_rank: expected a number',
    });
  });

  it.each([
    ['[vars]\nENVIRONMENT = "production"\nADMIN_TOKEN = "x"', 'fail'],
    ['[vars]\nADMIN_TOKEN = "x"', 'fail'],
    ['[vars]\nENVIRONMENT = "local" # here\nADMIN_TOKEN = "x"', 'pass'],
    ['[env.staging]\nvars = { ENVIRONMENT = "staging", ADMIN_TOKEN = "x" }', 'fail'],
    [
      '[env.staging.vars]\nENVIRONMENT = "staging"\n[vars]\nADMIN_TOKEN = "x"\nENVIRONMENT="local"',
      'pass',
    ],
    ['vars.ENVIRONMENT = "production"\nvars.ADMIN_TOKEN = "x"', 'fail'],
    ['# ADMIN_TOKEN = "x"\n[vars]\nENVIRONMENT = "production"', 'pass'],
  ])('judges %j: %s', (toml, result) => {
    expect(combinationCheck(toml, {}).result).toBe(result);
  });

  it('refuses the combination in the shell too', () => {
    const env = { ENVIRONMENT: 'production', ADMIN_TOKEN: 'x' };
    expect(combinationCheck('', env).result).toBe('fail');
    expect(combinationCheck('', { ...env, ENVIRONMENT: 'local' }).result).toBe('pass');
  });

  const access = (team: string, aud: string) =>
    `[env.production.vars]\nENVIRONMENT = "production"\nACCESS_TEAM_DOMAIN = "${team}"\nACCESS_AUD = "${aud}"`;
  const team = 'bruno.cloudflareaccess.com';
  it.each([
    ['', '', 'http://127.0.0.1:8787', 'skip'],
    ['', '', 'https://bruno.example', 'fail'],
    [team, 'a'.repeat(64), 'https://bruno.example', 'pass'],
    [team, '', 'http://127.0.0.1:8787', 'fail'],
    ['', 'a'.repeat(64), 'http://127.0.0.1:8787', 'fail'],
    ['https://bruno.cloudflareaccess.com', 'a'.repeat(64), 'http://127.0.0.1:8787', 'fail'],
    [team, 'my-audience', 'http://127.0.0.1:8787', 'fail'],
  ])('judges the sign-in by team %j and audience %j at %s: %s', (domain, aud, url, result) => {
    expect(accessCheck(access(domain, aud), new URL(url)).result).toBe(result);
  });

  it('reads variables by section', () => {
    expect(varsBySection('[env.a.vars]\nX = "1"\n[other]\nX = "2"')).toEqual(
      new Map([['env.a.vars', new Map([['X', '1']])]]),
    );
  });
});
