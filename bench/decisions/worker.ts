// One thread of the bench: runs what it is sent, one result at a time, and nothing else.

import { parentPort } from 'node:worker_threads';
import { z } from 'zod';
import { scenarioPolicy } from '../../simulation/rollout/policy.ts';
import { runRollout } from '../../simulation/rollout/run.ts';
import { scenarioSchema } from '../../simulation/rollout/scenario.ts';

const taskSchema = z.strictObject({ scenario: scenarioSchema, seed: z.int() });

parentPort?.on('message', (message: unknown) => {
  const { scenario, seed } = taskSchema.parse(message);
  const before = process.threadCpuUsage();
  const result = runRollout(scenario, scenarioPolicy(scenario), seed);
  const { user, system } = process.threadCpuUsage(before);
  const { outcome, hours, lastStageHours, steppedInOutage } = result;
  const cpuMs = Math.round((user + system) / 1_000);
  parentPort?.postMessage({ seed, outcome, hours, lastStageHours, steppedInOutage, cpuMs });
});
