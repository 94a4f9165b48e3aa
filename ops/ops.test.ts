// The files that an operator installs as they are: plists that parse and whose command lines run, settings
// that the agent takes, and a tunnel that lets through what the Worker asks for and nothing else.

import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { assetPaths, defaultAssetsHome, repoRoot } from '../local/home.ts';
import { parseConfig } from '../mac-agent/config.ts';

const here = import.meta.dirname;
const plistSchema = z.strictObject({
  Label: z.string(),
  ProgramArguments: z.tuple([z.literal('/bin/sh'), z.literal('-c'), z.string()]),
  EnvironmentVariables: z.strictObject({ PATH: z.string() }),
  RunAtLoad: z.literal(true),
  KeepAlive: z.union([z.literal(true), z.strictObject({ SuccessfulExit: z.literal(false) })]),
  ThrottleInterval: z.int().min(10),
  ExitTimeOut: z.int().min(30),
  ProcessType: z.literal('Standard'),
});

/** By Python's own reader of property lists. */
function plist(name: string) {
  const assets = assetPaths(defaultAssetsHome(process.env)).pythonBinary;
  const script =
    'import json,plistlib,sys; print(json.dumps(plistlib.load(open(sys.argv[1],"rb"))))';
  const python = existsSync(assets) ? assets : 'python3';
  const file = join(here, 'launchd', `${name}.plist`);
  return plistSchema.parse(
    JSON.parse(execFileSync(python, ['-c', script, file], { encoding: 'utf8' })),
  );
}

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'bruno-ops-'));
  mkdirSync(join(home, '.config', 'bruno'), { recursive: true });
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

/** As launchd runs it: in the root folder, with the user's HOME and what the plist says. */
function launch(name: string, path = ''): { status: number | null; log: string } {
  const { ProgramArguments: words, EnvironmentVariables: given, Label } = plist(name);
  const [command, ...more] = words;
  const env = { HOME: home, PATH: `${path}${given.PATH}` };
  const { status } = spawnSync(command, more, { cwd: '/', env, timeout: 30_000 });
  const log = join(home, 'Library', 'Logs', `${Label}.log`);
  return { status, log: existsSync(log) ? readFileSync(log, 'utf8') : '' };
}

const settings = () => readFileSync(join(here, 'launchd', 'agent.env'), 'utf8');
const install = (text: string) =>
  writeFileSync(join(home, '.config', 'bruno', 'agent.env'), text, { mode: 0o600 });

/** What /bin/sh makes of the settings. */
function read(text: string): Record<string, string> {
  install(text);
  const script = 'set -a; . "$HOME/.config/bruno/agent.env"; exec env';
  const env = { HOME: home, PATH: '/usr/bin:/bin' };
  const lines = execFileSync('/bin/sh', ['-c', script], { env, encoding: 'utf8' }).split('\n');
  const pairs = lines.map((line) => [
    line.slice(0, line.indexOf('=')),
    line.slice(line.indexOf('=') + 1),
  ]);
  return Object.fromEntries(pairs);
}

test.each(['cloud.bruno.agent', 'cloud.bruno.tunnel'])('%s is a job of its own name', (name) => {
  expect(plist(name).Label).toBe(name);
});

describe('the agent\u2019s job', () => {
  test('starts the agent, which says in its log what the settings lack', () => {
    install(`${settings()}\nBRUNO_REPO=${repoRoot}\n`);
    const { status, log } = launch('cloud.bruno.agent');
    expect(status).toBe(1);
    expect(log).toContain('AGENT_TOKEN');
    expect(log).toContain('EDGE_URL');
    expect(log).not.toContain('PYTHON');
  });

  test('without its settings fails, so that it is tried again, and says which file it wants', () => {
    const { status, log } = launch('cloud.bruno.agent');
    expect(status).not.toBe(0);
    expect(log).toContain('agent.env');
  });

  test('takes every setting of agent.env once the empty ones are filled in', () => {
    const secret = 's'.repeat(24);
    const filled = settings()
      .replace('EDGE_URL=', 'EDGE_URL=https://bruno.example')
      .replace('AGENT_TOKEN=', `AGENT_TOKEN=${secret}`)
      .replace('GATEWAY_TOKEN=', `GATEWAY_TOKEN=${secret}`);
    const config = parseConfig(read(filled));
    expect(config).toMatchObject({
      GATEWAY_PORT: 8790,
      BRUNO_HOME: join(home, 'bruno-loop', '.bruno'),
      QUEUE_RUNNING: 4,
      QUEUE_WAITING: 16,
    });
    const names = [...settings().matchAll(/^([A-Z_]+)=/gm)].map(([, name]) => name);
    const known = Object.keys(config);
    expect(names.filter((name) => !known.includes(name ?? ''))).toEqual([
      'BRUNO_REPO',
      'OLLAMA_HOST',
    ]);
  });
});

test('the tunnel\u2019s job runs cloudflared with the files that the instructions install', () => {
  const bin = join(home, 'bin');
  mkdirSync(bin);
  // In cloudflared's place, which this machine lacks: it says how it was called.
  writeFileSync(join(bin, 'cloudflared'), '#!/bin/sh\nprintf "%s\\n" "$@"\n', { mode: 0o700 });
  const { status, log } = launch('cloud.bruno.tunnel', `${bin}:`);
  expect(status).toBe(0);
  const kept = join(home, '.config', 'bruno');
  expect(log.trim().split('\n')).toEqual([
    ...['tunnel', '--config', join(kept, 'cloudflared.yml')],
    ...['run', '--credentials-file', join(kept, 'tunnel.json'), 'bruno-agent'],
  ]);
  const instructions = readFileSync(join(here, 'README.md'), 'utf8');
  for (const file of ['cloudflared.yml', 'tunnel.json', 'agent.env']) {
    expect(instructions).toContain(`~/.config/bruno/${file}`);
  }
});

describe('the tunnel', () => {
  const duration = z.string().regex(/^\d+s$/);
  const ruleSchema = z.strictObject({
    hostname: z.string().optional(),
    path: z.string().optional(),
    service: z.string(),
    originRequest: z
      .strictObject({ connectTimeout: duration, keepAliveTimeout: duration })
      .optional(),
  });
  const { ingress, metrics } = z
    .strictObject({
      metrics: z.string(),
      'no-autoupdate': z.literal(true),
      ingress: z.array(ruleSchema).min(2),
    })
    .parse(parse(readFileSync(join(here, 'cloudflared', 'config.yml'), 'utf8')));

  /** From top to bottom, the first rule whose hostname and path match: cloudflared's documented order. */
  const serviceFor = (path: string) =>
    ingress.find(
      (rule) =>
        rule.hostname === undefined &&
        (rule.path === undefined || new RegExp(rule.path).test(path)),
    )?.service;

  test('lets through what the Worker asks for, to the port that the agent listens on', () => {
    const port = /^GATEWAY_PORT=(\d+)$/m.exec(settings())?.[1];
    for (const path of ['/v1/chat/completions', '/v1/embeddings', '/healthz']) {
      expect(serviceFor(path)).toBe(`http://127.0.0.1:${port}`);
    }
  });

  test.each([
    '/',
    '/metrics',
    '/v1/models',
    '/api/tags',
    '/healthz/x',
    '/x/healthz',
    '/v1/embeddings/',
  ])('lets nothing else through: %s', (path) => expect(serviceFor(path)).toBe('http_status:404'));

  test('ends with a rule for everything, and keeps its own metrics to this machine', () => {
    expect(ingress.at(-1)).toEqual({ service: 'http_status:404' });
    expect(metrics).toMatch(/^127\.0\.0\.1:/);
  });
});
