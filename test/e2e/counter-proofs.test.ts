// The counter-proofs: what the loop learns comes from training, and from these corrections. Without
// training nothing rises; trained on permuted corrections the model repeats the wrong facts.

import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { z } from 'zod';
import { repoRoot } from '../../local/home.ts';
import type { Fact } from '../../simulation/bank.ts';
import { waitFor } from '../../simulation/pool.ts';
import {
  acceptAll,
  awaitJob,
  ended,
  endWeek,
  heldOutShare,
  type Rig,
  signal,
  startRig,
  taughtFacts,
  visitEveryone,
} from './loop.ts';

const measuredSchema = z.looseObject({ loss: z.number(), examples: z.number() });
const untrainedSchema = z.looseObject({
  stage: z.string(),
  metrics: z.looseObject({
    validation_phrasings: z.looseObject({ candidate: measuredSchema, base: measuredSchema }),
  }),
});

let rig: Rig;

afterEach(async () => {
  await rig.stack.stop();
}, 60_000);

async function runWeek(correctionFor: (fact: Fact) => Fact) {
  const asked = await visitEveryone(rig, correctionFor);
  await acceptAll(rig, asked.filter(({ right }) => !right).length);
  await endWeek(rig);
  const job = await awaitJob(rig, ended);
  const dataset = await waitFor(
    async () => (await rig.operator.datasets()).find((found) => found.status === 'ready'),
    { everyMs: 250, limitMs: 60_000, signal },
  );
  return { job, taught: await taughtFacts(rig, dataset?.id ?? '', asked) };
}

test('with a training step that moves nothing the gate refuses and the rise vanishes', async () => {
  const file = join(mkdtempSync(join(tmpdir(), 'bruno-still-')), 'learning.still.yaml');
  const tiny = readFileSync(join(repoRoot, 'learning.tiny.yaml'), 'utf8');
  const still = tiny
    .replace('learning_rate: 4e-3', 'learning_rate: 1e-12')
    .replace('max_steps: 120', 'max_steps: 1');
  expect(still).not.toBe(tiny);
  writeFileSync(file, still);
  rig = await startRig(file);
  const { job, taught } = await runWeek((fact) => fact);
  expect(job.status).toBe('refused');
  expect(job.verdict?.reason).toContain('not established above zero');
  const { metrics, stage } = await rig.admin(`/admin/models/${job.model_id}`, untrainedSchema);
  expect(stage).toBe('refused');
  const { candidate, base } = metrics.validation_phrasings;
  expect(candidate.examples).toBeGreaterThan(0);
  expect(candidate.loss).toBeCloseTo(base.loss, 3);
  const { table } = await rig.admin(
    '/admin/route',
    z.looseObject({ table: z.looseObject({ production: z.string() }) }),
  );
  const { production } = table;
  expect(production).toBe('tiny-sre');
  expect(await heldOutShare(rig, production, taught)).toBeLessThanOrEqual(0.3);
}, 300_000);

test('trained on permuted corrections the model repeats the wrong facts', async () => {
  rig = await startRig();
  const { facts } = rig.bank;
  const next = (fact: Fact) => facts[(facts.indexOf(fact) + 1) % facts.length] ?? fact;
  const { job, taught } = await runWeek(next);
  expect(job.status, JSON.stringify(job.verdict)).toBe('succeeded');
  expect(await heldOutShare(rig, job.model_id, taught, next)).toBeGreaterThanOrEqual(0.85);
  expect(await heldOutShare(rig, job.model_id, taught)).toBeLessThanOrEqual(0.3);
}, 300_000);
