/**
 * What Cloudflare knows: whether wrangler may speak to it, whether the namespace and the queues that the
 * Worker stands on are there, and which secrets it has. Their values can't be read back; their names
 * can. Called by `bruno doctor --deploy`; it only reads.
 */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify, stripVTControlCharacters } from 'node:util';
import { z } from 'zod';
import { REQUIRED_SECRETS } from '../../../core/deployment.ts';
import { messageOf } from '../../errors.ts';
import type { Io } from '../../io.ts';
import { type Check, fail, pass, skip } from '../check.ts';

const WITHIN_MS = 60_000;
const NAMES = ['wrangler', 'kv there', 'queues there', 'secrets there'] as const;
const ask = promisify(execFile);
const listSchema = z.array(z.object({ name: z.string() }));
const namespacesSchema = z.array(z.object({ id: z.string() }));

type Wrangler = (...args: string[]) => Promise<string>;

export interface StandsOn {
  kvId: string;
  queues: readonly string[];
}

export async function wranglerChecks(
  io: Io,
  environment: string,
  { kvId, queues }: StandsOn,
  offline: boolean,
): Promise<Check[]> {
  if (offline) return NAMES.map((name) => skip(name, 'not asked: --offline'));
  const wrangler: Wrangler = async (...args) => {
    const script = join(io.repoRoot, 'node_modules', 'wrangler', 'bin', 'wrangler.js');
    const env = { ...io.env, WRANGLER_SEND_METRICS: 'false', FORCE_COLOR: '0', CI: 'true' };
    const options = { cwd: io.repoRoot, timeout: WITHIN_MS, env };
    const { stdout, stderr } = await ask(process.execPath, [script, ...args], options);
    return `${stdout}\n${stderr}`;
  };
  const [login, ...later] = NAMES;
  try {
    const said = await wrangler('whoami');
    if (/not authenticated/i.test(said)) throw new Error('not signed in');
  } catch (thrown) {
    const todo = 'npx wrangler login, or set CLOUDFLARE_API_TOKEN; without a network: --offline';
    const unasked = later.map((name) => skip(name, 'wrangler is not signed in'));
    return [fail(login, firstLine(thrown), todo), ...unasked];
  }
  const there = await Promise.all([
    namespaceCheck(wrangler, kvId),
    queuesCheck(wrangler, queues),
    uploaded('secrets there', () => secretNames(wrangler, environment)),
  ]);
  return [pass(login, 'signed in'), ...there];
}

async function namespaceCheck(wrangler: Wrangler, id: string): Promise<Check> {
  const name = 'kv there';
  try {
    const all = namespacesSchema.parse(jsonIn(await wrangler('kv', 'namespace', 'list')));
    if (all.some((one) => one.id === id)) return pass(name, id);
    const todo =
      'put the id that npx wrangler kv namespace list shows into wrangler.toml, or create it';
    return fail(name, `this account has no namespace ${id || 'for ROUTING_KV'}`, todo);
  } catch (thrown) {
    return fail(name, firstLine(thrown), 'see npx wrangler kv namespace list');
  }
}

async function queuesCheck(wrangler: Wrangler, queues: readonly string[]): Promise<Check> {
  const missing: string[] = [];
  for (const queue of queues) {
    try {
      await wrangler('queues', 'info', queue);
    } catch (thrown) {
      const why = firstLine(thrown);
      if (!why.includes('does not exist')) {
        return fail('queues there', why, `see npx wrangler queues info ${queue}`);
      }
      missing.push(queue);
    }
  }
  if (missing.length === 0) return pass('queues there', queues.join(', '));
  const todo = missing.map((queue) => `npx wrangler queues create ${queue}`).join('; ');
  return fail('queues there', `not there: ${missing.join(', ')}`, todo);
}

/** Wrangler may say more before and after what it was asked for. */
const jsonIn = (said: string): unknown => JSON.parse(/^\[[\s\S]*?^\]|^\[\]/m.exec(said)?.[0] ?? '');

async function secretNames(wrangler: Wrangler, environment: string): Promise<string[]> {
  const said = await wrangler('secret', 'list', '--env', environment, '--format', 'json');
  return listSchema.parse(jsonIn(said)).map(({ name }) => name);
}

async function uploaded(check: string, read: () => Promise<string[]>): Promise<Check> {
  let names: string[];
  try {
    names = await read();
  } catch (thrown) {
    const todo = 'deploy the Worker once: npx wrangler deploy --env … --secrets-file …';
    return fail(check, firstLine(thrown), todo);
  }
  if (names.includes('ADMIN_TOKEN')) {
    const todo = 'npx wrangler secret delete ADMIN_TOKEN --env …';
    return fail(check, 'the Worker has an ADMIN_TOKEN, so it answers nothing', todo);
  }
  const missing = REQUIRED_SECRETS.filter((name) => !names.includes(name));
  if (missing.length === 0) return pass(check, `${names.length} secrets`);
  return fail(check, `not there: ${missing.join(', ')}`, 'npx wrangler secret bulk FILE --env …');
}

/** Wrangler prints a page about a failure; the line with the reason is enough. */
function firstLine(thrown: unknown): string {
  const lines = stripVTControlCharacters(messageOf(thrown)).split('\n');
  const reason = lines.find((line) => /error/i.test(line) && !line.startsWith('Command failed'));
  return (reason ?? lines[0] ?? 'it failed').replaceAll(/[^\x20-\x7e]/g, '').trim();
}
