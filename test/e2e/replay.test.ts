// Simulated rollouts on the real product: raw events go over HTTP to the production bundle, through its queue and
// recorder into Postgres, its own experiment object looks by the local clock, and its routing table answers
// visitors. Both models are one scripted server: they differ by what its script says of each answer alone.
// Small homepages with large differences, so that hours of them pass in seconds; the scenarios are in
// simulation/replay/scenarios/, and `npm run bench:decisions -- --replay N` does more of the same.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { defaultAssetsHome, nodeBinary, repoRoot } from '../../local/home.ts';
import type { Line } from '../../simulation/replay/events.ts';
import { REPLAY_POLICY } from '../../simulation/replay/policy.ts';
import { writeRun } from '../../simulation/replay/run.ts';
import { scenarioSchema } from '../../simulation/rollout/scenario.ts';

const SEEDS = 2;
const KINDS = ['better', 'identical', 'outage', 'split', 'worse'];
/** Of statistics.md, for a candidate that fails 5 % of answers, with 10,000 visitors a day. */
const HOURS_OF_THE_TABLE = 3.5;

const resultsSchema = z.array(
  z.object({
    scenario: z.string(),
    seed: z.int(),
    outcome: z.string(),
    hours: z.number(),
    reason: z.string(),
    answers: z.int(),
    votes: z.int(),
    looks: z.int(),
    answersNow: z.enum(['candidate', 'production']),
    differences: z.array(z.string()),
  }),
);

const folder = mkdtempSync(join(tmpdir(), 'bruno-replay-'));
let results: z.infer<typeof resultsSchema> = [];
let status: unknown;
let stop = () => true;

/** A run in which one vote is not the one that the simulator counted. */
function tampered(): string {
  const shipped = join(repoRoot, 'simulation', 'replay', 'scenarios', 'worse.json');
  const scenario = scenarioSchema.parse(JSON.parse(readFileSync(shipped, 'utf8')));
  const lines: Line[] = [];
  writeRun(
    { scenario: { ...scenario, name: 'tampered' }, policy: REPLAY_POLICY, seed: 9 },
    (line) => lines.push(line),
  );
  const vote = lines.find((line) => line.kind === 'vote');
  if (vote?.kind !== 'vote') throw new Error('nobody voted');
  vote.up = !vote.up;
  const path = join(folder, 'tampered.jsonl');
  writeFileSync(path, lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
  return path;
}

beforeAll(async () => {
  const args = ['--replay', String(SEEDS), '--events', tampered(), '--out', folder];
  const child = spawn(nodeBinary, [join(repoRoot, 'bench', 'decisions.ts'), ...args], {
    cwd: repoRoot,
    env: { ...process.env, BRUNO_ASSETS: defaultAssetsHome(process.env) },
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  stop = () => child.kill('SIGTERM');
  const [code, signal]: unknown[] = await once(child, 'exit');
  if (signal !== null) throw new Error(`the replay was ended by ${String(signal)}`);
  status = code;
  const path = join(folder, 'runs', 'replay', 'results.json');
  results = resultsSchema.parse(JSON.parse(readFileSync(path, 'utf8')));
}, 900_000);

afterAll(() => {
  stop();
  rmSync(folder, { recursive: true, force: true });
});

const of = (scenario: string) => {
  const found = results.filter((one) => one.scenario === scenario);
  expect(found).toHaveLength(SEEDS);
  return found;
};

test('every sum, latency and decision of the product is the simulator’s', () => {
  for (const kind of KINDS) {
    for (const { differences, answers, votes } of of(kind)) {
      expect(differences).toEqual([]);
      expect(Math.min(answers, votes)).toBeGreaterThan(0);
    }
  }
});

test('a vote that is not the one simulated is found by the look after it', () => {
  const [found] = results.filter(({ scenario }) => scenario === 'tampered');
  expect(found?.differences.join('\n')).toMatch(/^look at .* metrics, thumbs_up, cells, \d+, y: /m);
  expect(status).toBe(1);
});

test('a better model reaches everyone', () => {
  for (const { outcome, answersNow } of of('better')) {
    expect({ outcome, answersNow }).toEqual({ outcome: 'promoted', answersNow: 'candidate' });
  }
});

test('a worse model is off within the hours of the table, and production answers', () => {
  for (const { outcome, hours, answersNow } of of('worse')) {
    expect({ outcome, answersNow }).toEqual({ outcome: 'rolled_back', answersNow: 'production' });
    expect(hours).toBeLessThanOrEqual(HOURS_OF_THE_TABLE);
  }
});

test('an identical model ends inconclusive, and production answers', () => {
  for (const { outcome, answersNow, reason } of of('identical')) {
    expect({ outcome, answersNow }).toEqual({ outcome: 'inconclusive', answersNow: 'production' });
    expect(reason).toContain('improvement not established');
  }
});

test('a broken split freezes, and nobody new gets the candidate', () => {
  for (const { outcome, reason } of of('split')) {
    expect(outcome).toBe('frozen');
    expect(reason).toContain('the split is broken');
  }
});
