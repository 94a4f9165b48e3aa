/**
 * The [build] command of wrangler.toml: wrangler runs it before it bundles, in every environment and
 * for every dry run. It refuses what the deployed Worker would otherwise notice at its first request:
 * a learning.yaml, or overrides, that do not parse, and whatever core/deployment.ts refuses in an
 * environment that somebody has begun to set up. Reads the files where it is run and contacts nothing;
 * secrets it sees only in secrets.ENVIRONMENT.json, and wrangler itself refuses missing ones.
 */
import { readFileSync } from 'node:fs';
import {
  configurationProblems,
  type Deployed,
  isBegun,
  type Secrets,
  secretProblems,
} from '../core/deployment.ts';
import { parseLearning } from '../core/learning-config.ts';
import { localSecrets, readSecrets } from './deployment-secrets.ts';
import { environmentsOf } from './deployments.ts';
import { explain } from './errors.ts';
import { defaultHome, LOCAL_BUILD } from './home.ts';

export type Candidate = {
  readonly name: string;
  readonly config: Deployed;
  readonly secrets: Secrets | null;
  /** Asked for by its name: then it must be whole, even if nobody has begun it. */
  readonly named?: boolean;
};

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');

/** A sentence for each thing that must not be deployed, or none. */
export const deployProblems = (
  yaml: string,
  candidates: readonly Candidate[],
  local: readonly string[] = [],
): string[] => {
  const problems = new Set<string>();
  try {
    parseLearning(yaml);
  } catch (error) {
    return [explain(error)];
  }
  for (const { name, config, secrets, named } of candidates) {
    const environment = textOf(config.vars.ENVIRONMENT) || name;
    try {
      parseLearning(yaml, secrets?.LEARNING_OVERRIDES ?? textOf(config.vars.LEARNING_OVERRIDES));
    } catch (error) {
      problems.add(`LEARNING_OVERRIDES of ${environment}: ${explain(error)}`);
    }
    if (environment === 'local') continue;
    // As it is shipped, an environment can be built and looked at; it cannot run.
    const found = configurationProblems(config).filter(
      ({ step }) => named === true || isBegun(config) || step === 'vars',
    );
    for (const problem of [...found, ...(secrets ? secretProblems(secrets, local) : [])]) {
      problems.add(`${environment}: ${problem.found}: ${problem.todo}`);
    }
  }
  return [...problems];
};

/** The environments this build is for: wrangler names one in CLOUDFLARE_ENV, but not one given by --env. */
export const isMeant = (name: string, environment: NodeJS.ProcessEnv): boolean => {
  // `npm start` bundles too, and must not wait for a deployment that somebody is setting up.
  if (environment[LOCAL_BUILD] === '1') return name === '';
  return !environment.CLOUDFLARE_ENV || name === environment.CLOUDFLARE_ENV;
};

const run = (): string[] => {
  const candidates = environmentsOf('wrangler.toml')
    .filter(({ name }) => isMeant(name, process.env))
    .map(({ name, config }) => ({
      name,
      config,
      secrets: name === '' ? null : readSecrets('.', name),
      named: name === process.env.CLOUDFLARE_ENV,
    }));
  const local = localSecrets(defaultHome(process.env));
  return deployProblems(readFileSync('learning.yaml', 'utf8'), candidates, local);
};

if (import.meta.main) {
  let problems: string[];
  try {
    problems = run();
  } catch (error) {
    problems = [explain(error)];
  }
  for (const problem of problems) process.stderr.write(`${problem}\n`);
  process.exitCode = problems.length === 0 ? 0 : 1;
}
