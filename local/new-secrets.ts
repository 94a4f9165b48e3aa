/**
 * The entry of `npm run secrets -- ENVIRONMENT`: writes secrets.ENVIRONMENT.json with fresh random tokens and
 * empty places for what only its owner knows; with --rotate-keys it adds a key to TOKEN_KEYS and makes it the
 * current one. It never overwrites a file that it did not read, and prints no secret.
 */
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import type { Secrets } from '../core/deployment.ts';
import { readSecrets, secretsFile } from './deployment-secrets.ts';
import { explain, StackError } from './errors.ts';
import { writeAtomic } from './files.ts';

const ringSchema = z.strictObject({ current: z.string(), keys: z.record(z.string(), z.string()) });
const random = (): string => randomBytes(32).toString('base64url');

export const freshSecrets = (): Secrets => ({
  DATABASE_URL: '',
  S3_ENDPOINT: '',
  S3_ACCESS_KEY_ID: '',
  S3_SECRET_ACCESS_KEY: '',
  MODEL_SERVER_URL: '',
  GATEWAY_TOKEN: random(),
  AGENT_TOKEN: random(),
  METRICS_TOKEN: random(),
  TOKEN_KEYS: JSON.stringify({ current: 'k1', keys: { k1: random() } }),
});

/** Old keys stay, so that what they signed is still known until it expires. */
export const rotated = (secrets: Secrets): { secrets: Secrets; current: string } => {
  let ring: z.output<typeof ringSchema>;
  try {
    ring = ringSchema.parse(JSON.parse(secrets.TOKEN_KEYS ?? ''));
  } catch {
    throw new StackError('TOKEN_KEYS must be {"current":…,"keys":{…}} before it can be rotated.');
  }
  const numbers = Object.keys(ring.keys).map((name) => Number(/^k(\d+)$/.exec(name)?.[1] ?? 0));
  const current = `k${Math.max(0, ...numbers) + 1}`;
  const keys = { ...ring.keys, [current]: random() };
  return { secrets: { ...secrets, TOKEN_KEYS: JSON.stringify({ current, keys }) }, current };
};

const run = (): string => {
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: { 'rotate-keys': { type: 'boolean', default: false } },
  });
  const [environment = ''] = positionals;
  if (!/^[a-z][a-z0-9-]*$/.test(environment)) {
    throw new StackError('Name the environment: npm run secrets -- production [--rotate-keys].');
  }
  const file = secretsFile('.', environment);
  const write = (secrets: Secrets) => writeAtomic(file, `${JSON.stringify(secrets, null, 2)}\n`);
  if (values['rotate-keys']) {
    const known = readSecrets('.', environment);
    if (known === null)
      throw new StackError(`${file} is not here; it is what rotation begins with.`);
    const { secrets, current } = rotated(known);
    write(secrets);
    return `${file}: ${current} is the current key now. Upload it with npx wrangler secret bulk ${file} --env ${environment}.`;
  }
  if (existsSync(file)) throw new StackError(`${file} is there already; it is not overwritten.`);
  write(freshSecrets());
  return `${file} is made, readable by you only. Fill in its empty places.`;
};

if (import.meta.main) {
  try {
    process.stdout.write(`${run()}\n`);
  } catch (error) {
    process.stderr.write(`${explain(error)}\n`);
    process.exitCode = 1;
  }
}
