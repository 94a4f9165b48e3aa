// What a look at an experiment costs at ten thousand and at a million visitors, and what keeping the
// sums adds to the recorder's transaction. On a Postgres of its own, ended afterwards:
// node bench/experiment-sums.ts [visitors] (1000000). Says ratios; times are this machine's.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'drizzle-orm';
import { insertFeedback, insertInteractions } from '../adapters/postgres/answers.ts';
import { type Database, withDatabase } from '../adapters/postgres/connect.ts';
import { readExperimentSums } from '../adapters/postgres/experiment-look.ts';
import { recordExperimentSums } from '../adapters/postgres/experiment-sums.ts';
import { insertExposures } from '../adapters/postgres/exposures.ts';
import { voteBoundsSchema } from '../core/learning-config.ts';
import type { FeedbackEvent, InteractionEvent } from '../core/wire/events.ts';
import { ensureAssets } from '../local/assets.ts';
import { startDatabase } from '../local/database.ts';
import { defaultAssetsHome, homePaths, prepareHome } from '../local/home.ts';
import { innerPorts } from '../local/ports.ts';
import { mulberry32 } from '../simulation/random.ts';

const BOUNDS = voteBoundsSchema.parse({});
const FEW = 10_000;
const MANY = Number(process.argv[2] ?? 1_000_000);
const LOOKS = 100;
const BATCHES = 60;
const BATCH_ANSWERS = 100;
const VISITORS_A_STATEMENT = 100_000;

const median = (values: readonly number[]) =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

async function timed(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return performance.now() - started;
}

/** Visitors' rows of two stages, drawn in SQL, and from them the sums as the recorder would have them. */
async function fill(db: Database, experiment: string, visitors: number) {
  for (let from = 0; from < visitors; from += VISITORS_A_STATEMENT) {
    await db.execute(sql`
      INSERT INTO experiment_visitors (visitor_id, experiment_id, stratum, share_bp, arm, metric, n, y)
      SELECT 'v' || i, ${experiment}, 0, stage.share_bp,
             CASE WHEN abs(hashtext(i::text) % 10000) < stage.share_bp THEN 'treatment' ELSE 'control' END,
             m.metric, 1 + (i * 7) % 9, (i * 5) % 2
        FROM generate_series(${from}::int, ${Math.min(from + VISITORS_A_STATEMENT, visitors) - 1}::int) AS i
       CROSS JOIN (VALUES (1000), (2500)) AS stage(share_bp)
       CROSS JOIN (VALUES ('error'), ('thumbs'), ('slow_first_token')) AS m(metric)
       WHERE stage.share_bp = 1000 OR i % 3 = 0`);
  }
  await db.execute(sql`
    INSERT INTO experiment_totals
    SELECT experiment_id, metric, stratum, share_bp, arm, count(*), sum(n), sum(y)
      FROM experiment_visitors WHERE experiment_id = ${experiment} GROUP BY 1, 2, 3, 4, 5`);
  await db.execute(sql`
    INSERT INTO experiment_moments
    SELECT a.experiment_id, a.metric, a.stratum, a.share_bp, a.arm, b.stratum, b.share_bp, b.arm, count(*),
           sum(a.y * b.y), sum(a.y * b.n), sum(a.n * b.y), sum(a.n * b.n)
      FROM experiment_visitors a JOIN experiment_visitors b
        ON b.visitor_id = a.visitor_id AND b.experiment_id = a.experiment_id AND b.metric = a.metric
       AND a.share_bp <= b.share_bp
     WHERE a.experiment_id = ${experiment} GROUP BY 1, 2, 3, 4, 5, 6, 7, 8`);
  await db.execute(sql`
    INSERT INTO experiment_histograms
    SELECT ${experiment}, latency, 0, share_bp, arm, bucket, ${visitors}
      FROM (VALUES ('first_token'), ('output_token'), ('total')) AS l(latency)
     CROSS JOIN (VALUES (1000), (2500)) AS s(share_bp)
     CROSS JOIN (VALUES ('control'), ('treatment')) AS a(arm)
     CROSS JOIN generate_series(1000, 1300) AS bucket`);
  await db.execute(sql`ANALYZE`);
}

/** In turns, so that whatever else the machine does falls on all of them. */
async function looks(db: Database, experiments: readonly string[]) {
  const times = experiments.map((): number[] => []);
  for (let index = 0; index < LOOKS; index += 1) {
    for (const [which, experiment] of experiments.entries()) {
      times[which]?.push(await timed(() => readExperimentSums(db, experiment)));
    }
  }
  return times.map(median);
}

const random = mulberry32(1);
const T0 = Date.parse('2026-10-14T10:00:00Z');

function batch(experiment: string, number: number) {
  const answers = Array.from({ length: BATCH_ANSWERS }, (_, index): InteractionEvent => {
    const visitor = Math.floor(random() * FEW);
    return {
      kind: 'interaction',
      v: 1,
      interaction_id: crypto.randomUUID(),
      visitor_id: `v${visitor}`,
      session_id: `s${visitor}`,
      trace_id: 'trace',
      query: 'How do I fix Loki crashes?',
      history_turns: 0,
      response: 'Give Loki more memory and check its disk.'.repeat(8),
      sources: [],
      retrieval_possible: false,
      prompt_version: 'v1',
      model_served: 'base',
      model_assigned: 'base',
      arm: visitor % 10 === 0 ? 'treatment' : 'control',
      experiment_id: experiment,
      share_bp: 1_000,
      stratum: 0,
      routing_version: 1,
      status: 'complete',
      error_code: null,
      prompt_tokens: 20,
      completion_tokens: 60,
      first_token_ms: 100 + Math.floor(random() * 400),
      total_ms: 1_000 + Math.floor(random() * 2_000),
      training_opt_out: false,
      platform: 'homepage',
      created_at: T0 + number * BATCH_ANSWERS + index,
    };
  });
  const feedback = answers.filter((_, index) => index % 4 === 0).map(thumb);
  return { answers, feedback };
}

const thumb = (answer: InteractionEvent): FeedbackEvent => ({
  kind: 'feedback',
  v: 1,
  event_id: crypto.randomUUID(),
  interaction_id: answer.interaction_id,
  visitor_id: answer.visitor_id,
  model_version: 'base',
  feedback_type: random() < 0.7 ? 'thumbs_up' : 'thumbs_down',
  feedback_value: 1,
  corrected_response: null,
  correction_type: null,
  metadata: {},
  at: answer.created_at,
  received_at: answer.created_at,
});

/** One batch as the recorder writes it, in one transaction, with or without the sums. */
async function write(db: Database, number: number, withSums: boolean) {
  const { answers, feedback } = batch(withSums ? 'with' : 'without', number);
  return timed(() =>
    db.transaction(async (tx) => {
      await insertInteractions(tx, answers);
      await insertExposures(tx, answers);
      await insertFeedback(tx, feedback, false);
      if (withSums) await recordExperimentSums(tx, { answers, feedback, known: [] }, BOUNDS);
    }),
  );
}

async function measure(db: Database) {
  const plain: number[] = [];
  const summed: number[] = [];
  // In turns, so that whatever else the machine does falls on both.
  for (let number = 0; number < BATCHES; number += 1) {
    plain.push(await write(db, number, false));
    summed.push(await write(db, number, true));
  }
  const [without, having] = [median(plain), median(summed)];
  console.log(
    `a batch of ${BATCH_ANSWERS} answers and ${BATCH_ANSWERS / 4} thumbs: ${without.toFixed(1)} ms without sums, ` +
      `${having.toFixed(1)} ms with; ratio ${(having / without).toFixed(2)}`,
  );
  // Drawing a million visitors takes longer than any statement of the product may.
  await db.execute(sql`SET statement_timeout = 0`);
  await fill(db, 'few', FEW);
  await fill(db, 'many', MANY);
  const [few = Number.NaN, many = Number.NaN] = await looks(db, ['few', 'many']);
  const name = (count: number) => count.toLocaleString('en-GB');
  console.log(
    `a look: ${few.toFixed(2)} ms at ${name(FEW)} visitors, ${many.toFixed(2)} ms at ${name(MANY)}; ` +
      `ratio ${(many / few).toFixed(2)}`,
  );
}

const assetsHome = defaultAssetsHome(process.env);
const assets = await ensureAssets(assetsHome, (line) => console.error(line));
const home = mkdtempSync(join(tmpdir(), 'bruno-bench-'));
prepareHome(home, assetsHome);
const ports = await innerPorts(homePaths(home).ports, 8787);
const database = await startDatabase({ home, assets, ports, password: 'for-this-bench-only' });
try {
  await withDatabase({ url: database.url, proxy: database.proxyAddress }, measure);
} finally {
  await database.stop();
  rmSync(home, { recursive: true, force: true });
}
