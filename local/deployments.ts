/**
 * Reads what would be deployed: each environment of wrangler.toml as wrangler itself reads it. Called by the
 * build command and by `bruno doctor`; it judges nothing and contacts nothing.
 */
import { unstable_readConfig } from 'wrangler';
import { type Deployed, deployedSchema } from '../core/deployment.ts';

export type Environment = { readonly name: string; readonly config: Deployed };

/** The top level, which is what runs locally, and every named environment. */
export const environmentsOf = (config: string): Environment[] => {
  // Without a name wrangler would take the one in CLOUDFLARE_ENV.
  const top = unstable_readConfig({ config, env: '' });
  const named: string[] = top.definedEnvironments ?? [];
  return [
    { name: '', config: deployedSchema.parse(top) },
    ...named.map((env) => ({
      name: env,
      config: deployedSchema.parse(unstable_readConfig({ config, env })),
    })),
  ];
};
