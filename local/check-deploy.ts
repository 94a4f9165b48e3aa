/**
 * The [build] command of wrangler.toml: wrangler runs it before it bundles, in every environment and
 * for every dry run. It refuses what the deployed Worker would otherwise notice at its first request:
 * a learning.yaml, or overrides in [vars], that do not parse, and an ADMIN_TOKEN outside the local
 * environment. Reads the two files where it is run, contacts nothing, and cannot see secrets.
 */
import { readFileSync } from 'node:fs';
import { unstable_readConfig } from 'wrangler';
import { z } from 'zod';
import { parseLearning } from '../core/learning-config.ts';

const varsSchema = z.object({
  ENVIRONMENT: z.string(),
  LEARNING_OVERRIDES: z.string().default(''),
  ADMIN_TOKEN: z.string().optional(),
});
export type DeployedVars = z.infer<typeof varsSchema>;

/** A sentence for each thing that must not be deployed, or none. */
export const deployProblems = (yaml: string, environments: readonly DeployedVars[]): string[] => {
  const problems = new Set<string>();
  try {
    parseLearning(yaml);
  } catch (error) {
    return [error instanceof Error ? error.message : String(error)];
  }
  for (const { ENVIRONMENT, LEARNING_OVERRIDES, ADMIN_TOKEN } of environments) {
    try {
      parseLearning(yaml, LEARNING_OVERRIDES);
    } catch (error) {
      problems.add(
        `LEARNING_OVERRIDES of ${ENVIRONMENT}: ${error instanceof Error ? error.message : error}`,
      );
    }
    if (ENVIRONMENT !== 'local' && ADMIN_TOKEN !== undefined) {
      problems.add(
        `ADMIN_TOKEN is for the local environment only: remove it from the vars of ${ENVIRONMENT}`,
      );
    }
  }
  return [...problems];
};

const environmentsOf = (config: string): DeployedVars[] => {
  const top = unstable_readConfig({ config });
  const named: string[] = top.definedEnvironments ?? [];
  const all = [top, ...named.map((env) => unstable_readConfig({ config, env }))];
  return all.map(({ vars }) => varsSchema.parse(vars));
};

if (import.meta.main) {
  const problems = deployProblems(
    readFileSync('learning.yaml', 'utf8'),
    environmentsOf('wrangler.toml'),
  );
  for (const problem of problems) process.stderr.write(`${problem}\n`);
  process.exitCode = problems.length === 0 ? 0 : 1;
}
