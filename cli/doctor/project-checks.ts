/**
 * Whether the project's own files are in order: learning.yaml, wrangler.toml, no refused settings.
 * Called by `bruno doctor`. Reads only.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf } from '../errors.ts';
import type { Io } from '../io.ts';
import { accessCheck } from './access-check.ts';
import { type Check, fail, pass, skip } from './check.ts';
import { refusedSections } from './wrangler-vars.ts';

const OVERRIDES = ['learning.local.yaml', 'learning.tiny.yaml'];

/** The part of the learning configuration's parser that a check needs. */
export type ParseLearning = (
  yaml: string,
  overrides?: string,
) => { readonly changed: readonly unknown[] };

export async function projectChecks(io: Io, url: URL): Promise<Check[]> {
  const learning = await read(join(io.repoRoot, 'learning.yaml'));
  const wrangler = await read(join(io.repoRoot, 'wrangler.toml'));
  return [
    ...(await learningChecks(learning, io.repoRoot)),
    wrangler === null
      ? fail('wrangler.toml', 'not there', 'restore wrangler.toml at the root of the repository')
      : pass('wrangler.toml', 'there'),
    combinationCheck(wrangler, io.env),
    accessCheck(wrangler, url),
  ];
}

async function read(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8');
  } catch {
    return null;
  }
}

async function learningChecks(yaml: string | null, repoRoot: string): Promise<Check[]> {
  if (yaml === null) {
    const todo = 'restore learning.yaml at the root of the repository';
    return [fail('learning.yaml', 'not there', todo)];
  }
  // Loaded here alone: no other command needs the YAML parser, which would slow each start.
  const { parseLearning } = await import('../../core/learning-config.ts');
  const base = learningCheck(yaml, parseLearning);
  if (base.result === 'fail') return [base];
  const texts = await Promise.all(OVERRIDES.map((name) => read(join(repoRoot, name))));
  const overrides = OVERRIDES.flatMap((name, index) => {
    const text = texts[index] ?? null;
    return text === null ? [] : [overridesCheck(name, yaml, text, parseLearning)];
  });
  return [base, ...overrides];
}

export function learningCheck(yaml: string, parse: ParseLearning): Check {
  try {
    parse(yaml);
    return pass('learning.yaml', 'every key is understood');
  } catch (thrown) {
    return fail('learning.yaml', messageOf(thrown), 'correct that key in learning.yaml');
  }
}

function overridesCheck(
  name: string,
  yaml: string,
  overrides: string,
  parse: ParseLearning,
): Check {
  try {
    const { changed } = parse(yaml, overrides);
    return pass(name, `changes ${changed.length} values of learning.yaml`);
  } catch (thrown) {
    return fail(name, messageOf(thrown), `correct that key in ${name}`);
  }
}

/** An operator token is for a local stack only; anywhere else operators come through Access. */
export function combinationCheck(
  wrangler: string | null,
  env: Readonly<Record<string, string | undefined>>,
): Check {
  const name = 'settings';
  const refused = wrangler === null ? [] : refusedSections(wrangler);
  if (refused.length > 0) {
    const where = refused.map((section) => `[${section}]`).join(', ');
    return fail(
      name,
      `ADMIN_TOKEN beside an ENVIRONMENT that is not local in ${where}`,
      'remove ADMIN_TOKEN from wrangler.toml: deployed operators use Cloudflare Access',
    );
  }
  const isElsewhere = env.ENVIRONMENT !== undefined && env.ENVIRONMENT !== 'local';
  if (isElsewhere && env.ADMIN_TOKEN !== undefined) {
    return fail(
      name,
      `ADMIN_TOKEN beside ENVIRONMENT=${env.ENVIRONMENT} in this shell`,
      'unset ADMIN_TOKEN: deployed operators use Cloudflare Access',
    );
  }
  return wrangler === null
    ? skip(name, 'no wrangler.toml to look at')
    : pass(name, 'no refused combination');
}
