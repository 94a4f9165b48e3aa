// The product's own function that makes a rollout, called here with a replay's policy: over HTTP a rollout gets
// the policy that learning.yaml gives. Loaded when it is needed, because the Worker's rooms import
// learning.yaml as text, which Node has to be told.

import { readFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import type { Database, Transaction } from '../../adapters/postgres/connect.ts';
import { insertModel } from '../../adapters/postgres/models.ts';
import type { RolloutPlan } from '../../core/rollout/plan.ts';
import type { RolloutPolicy } from '../../core/rollout/policy.ts';
import type { ReplayStack } from './stack.ts';

type Settings = Readonly<Record<string, string>>;
interface Planned {
  plan: RolloutPlan;
  policy: RolloutPolicy;
}
type Plan = (tx: Transaction, env: Settings, promoteOn: 'improvement') => Promise<Planned>;
type Create = (
  tx: Transaction,
  env: Settings,
  creation: {
    candidate: string;
    plan: Planned;
    startsItself: boolean;
    requestId: string;
    who: string;
    why: string;
  },
) => Promise<{ id: string }>;
type MoveClock = (env: Settings, toMs: number) => void;

const isFunction = (value: unknown) => typeof value === 'function';
const creatingSchema = z.object({
  createRollout: z.custom<Create>(isFunction),
  planNow: z.custom<Plan>(isFunction),
});
const clockSchema = z.object({ moveClock: z.custom<MoveClock>(isFunction) });

registerHooks({
  load(url, context, next) {
    if (!url.endsWith('.yaml')) return next(url, context);
    const text = JSON.stringify(readFileSync(fileURLToPath(url), 'utf8'));
    return { format: 'module', shortCircuit: true, source: `export default ${text};` };
  },
});

const load = (path: string): Promise<unknown> =>
  import(new URL(`../../${path}`, import.meta.url).href);

export interface NewRollout {
  candidate: string;
  /** What it is compared with. */
  parent: string;
  policy: RolloutPolicy;
  nowMs: number;
}

/** A registered model, and its rollout as planned; its first look is due at once. */
export async function makeRollout(
  { stack: { bindings }, db }: { stack: ReplayStack; db: Database },
  { candidate, parent, policy, nowMs }: NewRollout,
): Promise<string> {
  const { createRollout, planNow } = creatingSchema.parse(
    await load('functions/rollout/create.ts'),
  );
  const { moveClock } = clockSchema.parse(await load('workers/env.ts'));
  // As wrangler.toml has it; everything else the Worker was given by the stack.
  const env = { S3_REGION: 'auto', ...bindings };
  moveClock(env, nowMs);
  return db.transaction(async (tx) => {
    await insertModel(tx, {
      id: candidate,
      display: candidate,
      base: parent,
      parent,
      datasetId: null,
      jobId: null,
      status: 'registered',
      reason: 'to be replayed',
      metrics: {},
      artifacts: [],
      gitCommit: null,
      createdAt: new Date(nowMs),
    });
    const { plan } = await planNow(tx, env, 'improvement');
    const { id } = await createRollout(tx, env, {
      candidate,
      plan: { plan, policy },
      startsItself: policy.startsItself,
      requestId: crypto.randomUUID(),
      who: 'replay',
      why: 'simulated events are replayed',
    });
    return id;
  });
}
