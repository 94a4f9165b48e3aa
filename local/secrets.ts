/**
 * The local stack's secrets: made once per home, kept in secrets.json (0600) and reused at every
 * start. Called by the stack. They are never printed; the operator's token also lies in a file of
 * its own, for the command-line tool and the console link.
 */
import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { StackError } from './errors.ts';
import { readIfThere, writeAtomic } from './files.ts';
import type { HomePaths } from './home.ts';

const secret = z.string().min(16);
const schema = z.strictObject({
  version: z.literal(1),
  databasePassword: secret,
  s3AccessKeyId: secret,
  s3SecretAccessKey: secret,
  gatewayToken: secret,
  agentToken: secret,
  adminToken: secret,
  tokenKeys: z.strictObject({
    current: z.string().min(1),
    keys: z.record(z.string(), secret),
  }),
});

export type Secrets = z.output<typeof schema>;

const random = (bytes: number): string => randomBytes(bytes).toString('base64url');

const generate = (): Secrets => ({
  version: 1,
  databasePassword: random(24),
  s3AccessKeyId: randomBytes(10).toString('hex'),
  s3SecretAccessKey: randomBytes(20).toString('hex'),
  gatewayToken: random(32),
  agentToken: random(32),
  adminToken: random(32),
  tokenKeys: { current: 'k1', keys: { k1: random(32) } },
});

const parse = (text: string, path: string): Secrets => {
  try {
    return schema.parse(JSON.parse(text));
  } catch {
    // The database's password is in there, so a new file would lock the old data away.
    throw new StackError(
      `${path} is damaged: restore it from a backup, or delete the home folder to start with an empty one.`,
    );
  }
};

export const loadSecrets = (paths: HomePaths): Secrets => {
  const stored = readIfThere(paths.secrets);
  const secrets = stored === null ? generate() : parse(stored, paths.secrets);
  if (stored === null) writeAtomic(paths.secrets, `${JSON.stringify(secrets, null, 2)}\n`);
  if (readIfThere(paths.operatorToken)?.trim() !== secrets.adminToken) {
    writeAtomic(paths.operatorToken, `${secrets.adminToken}\n`);
  }
  return secrets;
};
