/**
 * What Cloudflare knows: whether wrangler may speak to it, and which secrets the Worker has there. Their
 * values can't be read back; their names can. Called by `bruno doctor --deploy`; it only reads.
 */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';
import { REQUIRED_SECRETS } from '../../../core/deployment.ts';
import { messageOf } from '../../errors.ts';
import type { Io } from '../../io.ts';
import { type Check, fail, pass, skip } from '../check.ts';

const WITHIN_MS = 60_000;
const NAMES = ['wrangler', 'secrets there'] as const;
const ask = promisify(execFile);
const listSchema = z.array(z.object({ name: z.string() }));

export async function wranglerChecks(
  io: Io,
  environment: string,
  offline: boolean,
): Promise<Check[]> {
  if (offline) return NAMES.map((name) => skip(name, 'not asked: --offline'));
  const wrangler = async (...args: string[]): Promise<string> => {
    const script = join(io.repoRoot, 'node_modules', 'wrangler', 'bin', 'wrangler.js');
    const env = { ...io.env, WRANGLER_SEND_METRICS: 'false', FORCE_COLOR: '0', CI: 'true' };
    const options = { cwd: io.repoRoot, timeout: WITHIN_MS, env };
    const { stdout, stderr } = await ask(process.execPath, [script, ...args], options);
    return `${stdout}\n${stderr}`;
  };
  const [login, there] = NAMES;
  try {
    const said = await wrangler('whoami');
    if (/not authenticated/i.test(said)) throw new Error('not signed in');
  } catch (thrown) {
    const todo = 'npx wrangler login, or set CLOUDFLARE_API_TOKEN; without a network: --offline';
    return [fail(login, firstLine(thrown), todo), skip(there, 'wrangler is not signed in')];
  }
  return [pass(login, 'signed in'), await uploaded(there, () => list(wrangler, environment))];
}

async function list(
  wrangler: (...args: string[]) => Promise<string>,
  environment: string,
): Promise<string[]> {
  const said = await wrangler('secret', 'list', '--env', environment, '--format', 'json');
  const json = /^\[[\s\S]*?^\]|^\[\]/m.exec(said)?.[0] ?? '';
  return listSchema.parse(JSON.parse(json)).map(({ name }) => name);
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
  const lines = messageOf(thrown).split('\n');
  const reason = lines.find((line) => /error/i.test(line) && !line.startsWith('Command failed'));
  return (reason ?? lines[0] ?? 'it failed').replaceAll(/[^\x20-\x7e]/g, '').trim();
}
