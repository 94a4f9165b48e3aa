// What there is to run: each scenario under the rule and, beside it, under a rule of fixed thresholds. A cell's
// key tells runs that may be counted together: the same world, policy, code and seed.

import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import type { RolloutPolicy } from '../../core/rollout/policy.ts';
import { scenarioPolicy } from '../../simulation/rollout/policy.ts';
import { type Scenario, scenarioSchema } from '../../simulation/rollout/scenario.ts';
import { UsageError } from './arguments.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const SHIPPED = `${ROOT}simulation/rollout/scenarios/`;
/** What a run's result depends on, besides scenario, policy and seed. */
const CODE = ['core/statistics/', 'core/rollout/', 'simulation/rollout/'];

const HEADLINE = new Set(['identical', 'better']);
const HEADLINE_RUNS = 4_000;
const OTHER_RUNS = 1_000;

export interface Cell {
  scenario: Scenario;
  policy: RolloutPolicy;
  key: string;
  /** Runs wanted. */
  runs: number;
}

const hash = (text: string) => createHash('sha256').update(text).digest('hex').slice(0, 16);

/** Of the sources that decide and simulate, without their tests. */
export function codeVersion(root = ROOT): string {
  const sources = CODE.flatMap((folder) =>
    readdirSync(`${root}${folder}`, { recursive: true, encoding: 'utf8' })
      .map((name) => `${folder}${name}`)
      .filter((path) => path.endsWith('.ts') && !/\.test\.ts$|\/testing[./]/.test(path)),
  ).toSorted();
  return hash(
    sources.map((path) => `${path}\n${readFileSync(`${root}${path}`, 'utf8')}`).join('\n'),
  );
}

/** Words about a scenario change no run: `name`, `what` and `expect` are not part of its key. */
function keyOf(scenario: Scenario, policy: RolloutPolicy, code: string): string {
  const { name: _name, what: _what, expect: _expect, ...world } = scenario;
  return hash(JSON.stringify([world, policy, code]));
}

/** Throws UsageError that names the file, and the key where one is wrong. */
export function readScenario(given: string): Scenario {
  const path = given.endsWith('.json') ? given : `${SHIPPED}${given}.json`;
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    const known = shippedNames().join(', ');
    throw new UsageError(
      `${given}: no such scenario. Give a file that ends in .json, or one of ${known}.`,
    );
  }
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch (error) {
    throw new UsageError(`${basename(path)} is no JSON: ${String(error)}.`);
  }
  const parsed = scenarioSchema.safeParse(content);
  if (parsed.success) return parsed.data;
  throw new UsageError(
    `${basename(path)} is no scenario: ${z.prettifyError(parsed.error).replaceAll('\n', ' ')}. bench/decisions/README.md has every key.`,
  );
}

export const shippedNames = (): string[] =>
  readdirSync(SHIPPED)
    .filter((name) => name.endsWith('.json'))
    .map((name) => name.slice(0, -'.json'.length))
    .toSorted();

/** Both rules' cells of the scenarios; `runs` null is the proof's own numbers. */
export function cellsOf(
  scenarios: readonly Scenario[],
  { runs, code }: { runs: number | null; code: string },
): Cell[] {
  return scenarios.flatMap((scenario) => {
    const rules: Scenario['policy'][] =
      scenario.policy === 'literal' ? ['literal'] : ['sequential', 'literal'];
    return rules.map((policy): Cell => {
      const own = { ...scenario, policy };
      const plan = scenarioPolicy(own);
      const isHeadline = HEADLINE.has(scenario.name) && policy === 'sequential';
      return {
        scenario: own,
        policy: plan,
        key: keyOf(own, plan, code),
        runs: runs ?? (isHeadline ? HEADLINE_RUNS : OTHER_RUNS),
      };
    });
  });
}
