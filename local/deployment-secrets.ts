/**
 * A deployment's secrets where they lie on this machine, secrets.ENVIRONMENT.json, and this machine's own, none
 * of which may be among them. Called by the build command, by `bruno doctor` and by `npm run secrets`; it
 * contacts nothing.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { type Secrets, secretsSchema } from '../core/deployment.ts';
import { StackError } from './errors.ts';

export const secretsFile = (root: string, environment: string): string =>
  join(root, `secrets.${environment}.json`);

/** Null where there is none: the secrets may have gone up from another machine. */
export const readSecrets = (root: string, environment: string): Secrets | null => {
  const file = secretsFile(root, environment);
  if (!existsSync(file)) return null;
  try {
    return secretsSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    // The parser's own words could hold what it could not parse.
    throw new StackError(`${file} must be a JSON object of names and texts; it is not.`);
  }
};

const localSchema = z.looseObject({
  databasePassword: z.string(),
  gatewayToken: z.string(),
  agentToken: z.string(),
  adminToken: z.string(),
  tokenKeys: z.object({ keys: z.record(z.string(), z.string()) }),
});

/** What the stack on this machine uses, so that none of it goes live; nothing where it never ran. */
export const localSecrets = (home: string): string[] => {
  const file = join(home, 'secrets.json');
  if (!existsSync(file)) return [];
  try {
    const { databasePassword, gatewayToken, agentToken, adminToken, tokenKeys } = localSchema.parse(
      JSON.parse(readFileSync(file, 'utf8')),
    );
    return [
      databasePassword,
      gatewayToken,
      agentToken,
      adminToken,
      ...Object.values(tokenKeys.keys),
    ];
  } catch {
    return [];
  }
};
