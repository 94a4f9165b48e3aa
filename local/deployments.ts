/**
 * Reads what would be deployed: each environment of wrangler.toml as wrangler itself reads it, and the
 * file of secrets that lies beside it. Called by the build command and by `bruno doctor`; it judges
 * nothing and contacts nothing.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { unstable_readConfig } from 'wrangler';
import { z } from 'zod';
import { type Deployed, deployedSchema, type Secrets, secretsSchema } from '../core/deployment.ts';
import { StackError } from './errors.ts';

export type Environment = { readonly name: string; readonly config: Deployed };

/** The top level, which is what runs locally, and every named environment. */
export const environmentsOf = (config: string): Environment[] => {
  const top = unstable_readConfig({ config });
  const named: string[] = top.definedEnvironments ?? [];
  return [
    { name: '', config: deployedSchema.parse(top) },
    ...named.map((env) => ({
      name: env,
      config: deployedSchema.parse(unstable_readConfig({ config, env })),
    })),
  ];
};

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
