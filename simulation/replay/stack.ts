// The local stack for a replay: the production bundle in its runtime, embedded Postgres and the queue, all real.
// Only its clock stands still (clock.mjs), its queue does not wait a second for more, and the
// model server is scripted.

import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { z } from 'zod';
import type { WorkerBuild } from '../../local/worker-build.ts';
import { startEdge } from '../../test/edge.ts';
import { type ScriptedModels, startScriptedModels } from './model-server.ts';

const DAY_MS = 86_400_000;
const WEEK_MS = 7 * DAY_MS;
const QUARTER_MS = 900_000;
/** 1970-01-04T02:00Z, a Sunday: the weekly cut, which a replay keeps away from. */
const FIRST_CUT_MS = 3 * DAY_MS + 7_200_000;

export interface ReplayStack {
  url: string;
  operatorToken: string;
  /** The Worker's settings, for the product's own functions. */
  bindings: Readonly<Record<string, string>>;
  database: { url: string; proxy: string };
  models: ScriptedModels;
  /** When its clock stands still at first. */
  startMs: number;
  /** When the next weekly cut is due. */
  cutMs: number;
  stop(): Promise<void>;
}

const optionsSchema = z.looseObject({
  queueConsumers: z.record(z.string(), z.looseObject({ maxBatchTimeout: z.number() })),
  ratelimits: z.record(z.string(), z.looseObject({ simple: z.looseObject({ limit: z.number() }) })),
});

/** Minutes of simulated time pass in a second: neither a second's wait nor a minute's limit says anything. */
function hurried(path: string): string {
  const options = optionsSchema.parse(JSON.parse(readFileSync(path, 'utf8')));
  for (const consumer of Object.values(options.queueConsumers)) consumer.maxBatchTimeout = 0;
  for (const { simple } of Object.values(options.ratelimits)) simple.limit = 1_000_000_000;
  return JSON.stringify(options);
}

function withClock(built: WorkerBuild, home: string, standsAtMs: number): WorkerBuild {
  const folder = join(home, 'replay');
  cpSync(dirname(built.bundle), folder, { recursive: true });
  cpSync(join(import.meta.dirname, 'clock.mjs'), join(folder, 'clock.mjs'));
  writeFileSync(join(folder, 'stands-at.mjs'), `export const standsAtMs = ${standsAtMs};\n`);
  const name = `./${basename(built.bundle)}`;
  writeFileSync(
    join(folder, 'entry.mjs'),
    `import { timed } from './clock.mjs';
import product from '${name}';
export * from '${name}';
export default {
  ...product,
  fetch: (request, env, context) => timed(request, () => product.fetch(request, env, context)),
};
`,
  );
  const options = join(home, 'replay-options.json');
  writeFileSync(options, hurried(built.options));
  return { bundle: join(folder, 'entry.mjs'), options };
}

/**
 * Just after a weekly cut that is at least a day away: alarms are in real time, and one that lies in the
 * future never rings between two looks.
 */
const startAfter = (nowMs: number): number =>
  Math.ceil((nowMs + DAY_MS - FIRST_CUT_MS) / WEEK_MS) * WEEK_MS + FIRST_CUT_MS + QUARTER_MS;

export async function startReplayStack(): Promise<ReplayStack> {
  const startMs = startAfter(Date.now());
  const models = await startScriptedModels();
  const bindings = { MODEL_SERVER_URL: models.url };
  const edge = await startEdge({
    bucket: false,
    build: (built, home) => withClock(built, home, startMs),
    bindings,
  }).catch(async (error: unknown) => {
    await models.stop();
    throw error;
  });
  const { secrets, database } = edge;
  return {
    url: edge.url,
    operatorToken: secrets.adminToken,
    bindings: { ...edge.bindings },
    database,
    models,
    startMs,
    cutMs: startMs - QUARTER_MS + WEEK_MS,
    stop: async () => {
      await edge.stop();
      await models.stop();
    },
  };
}
