/**
 * `bruno doctor --deploy ENVIRONMENT`: the checks of docs/deploy.md, in its order. The configuration and
 * the secrets of this checkout first, then what they lead to, then the Worker from outside. It
 * changes nothing but one small object in the bucket, which it takes away again.
 */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import {
  configurationProblems,
  type Secrets,
  STEPS,
  secretProblems,
  standsOn,
} from '../../../core/deployment.ts';
import { localSecrets, readSecrets, secretsFile } from '../../../local/deployment-secrets.ts';
import { messageOf } from '../../errors.ts';
import type { Io } from '../../io.ts';
import type { CommandCall } from '../../outcome.ts';
import { type Check, fail, pass, skip } from '../check.ts';
import { nodeCheck } from '../machine-checks.ts';
import { stackChecks } from '../stack-checks.ts';
import { databaseChecks } from './database-checks.ts';
import { edgeChecks } from './edge-checks.ts';
import { storeChecks } from './store-checks.ts';
import { tunnelChecks } from './tunnel-checks.ts';
import { type StandsOn, wranglerChecks } from './wrangler-checks.ts';

export async function deployChecks(call: CommandCall, environment: string): Promise<Check[]> {
  const { io, settings, client, options } = call;
  const read = await readCheckout(io, environment, settings.home);
  if ('failed' in read) return [read.failed];
  const { secrets, checks } = read;
  const outside =
    options.has('url') || io.env.BRUNO_URL
      ? [
          ...(await edgeChecks(settings.url, secrets, settings.timeOutMs)),
          ...(await stackChecks(client)),
        ]
      : [skip('edge', 'no address given: --url https://your.host')];
  return [
    nodeCheck(io.nodeVersion),
    ...checks,
    ...(await wranglerChecks(io, environment, read.standsOn, options.has('offline'))),
    ...(await databaseChecks(io, secrets)),
    ...(await storeChecks(secrets, read.store)),
    ...(await tunnelChecks(secrets, read.base, settings.timeOutMs)),
    ...outside,
  ];
}

type Checkout =
  | { failed: Check }
  | {
      checks: Check[];
      secrets: Secrets | null;
      standsOn: StandsOn;
      store: { bucket: string; region: string };
      base: string;
    };

async function readCheckout(io: Io, environment: string, home: string): Promise<Checkout> {
  // Loaded here alone: wrangler's own reader takes a second and a half to start.
  const { environmentsOf } = await import('../../../local/deployments.ts');
  try {
    const all = environmentsOf(join(io.repoRoot, 'wrangler.toml'));
    const found = all.find(({ name }) => name === environment && name !== '');
    if (found === undefined) {
      const names = all.flatMap(({ name }) => (name === '' ? [] : [name])).join(', ');
      const todo = `choose one of those in wrangler.toml: ${names}`;
      return { failed: fail('wrangler.toml', `no environment ${environment}`, todo) };
    }
    const problems = configurationProblems(found.config);
    const configured = STEPS.map((step) => {
      const problem = problems.find((one) => one.step === step);
      return problem === undefined
        ? pass(step, 'as it must be')
        : fail(step, problem.found, problem.todo);
    });
    const secrets = readSecrets(io.repoRoot, environment);
    const file = secretsFile(io.repoRoot, environment);
    const text = (name: string): string => {
      const value = found.config.vars[name];
      return typeof value === 'string' ? value : '';
    };
    return {
      checks: [...configured, ...(await secretChecks(file, secrets, localSecrets(home)))],
      secrets,
      standsOn: standsOn(found.config),
      base: text('BASE_MODEL'),
      store: { bucket: text('S3_BUCKET'), region: text('S3_REGION') },
    };
  } catch (thrown) {
    return { failed: fail('wrangler.toml', messageOf(thrown), 'mend the file that is named') };
  }
}

async function secretChecks(
  file: string,
  secrets: Secrets | null,
  local: readonly string[],
): Promise<Check[]> {
  if (secrets === null) return [skip('secrets', `${file} is not here, so their values are unseen`)];
  if (((await stat(file)).mode & 0o077) !== 0) {
    return [fail('secrets', `${file} can be read by others`, `chmod 600 ${file}`)];
  }
  const problems = secretProblems(secrets, local);
  if (problems.length === 0) return [pass('secrets', 'all there, none a default')];
  return problems.map(({ found, todo }) => fail('secrets', found, todo));
}
