// What happens between two weeks: the operator reviews corrections, the clock passes Sunday 02:00,
// the cron curates, the agent trains, and the gate gives its verdict. Everything is watched through
// the admin endpoints; a refusal is a result here, not an error.

import type { Bank } from './bank.ts';
import type { Dataset, Job, OperatorClient } from './client.ts';
import { CallError } from './http.ts';
import { waitFor } from './pool.ts';
import type { Progress } from './progress.ts';

const SETTLE = { everyMs: 1000, limitMs: 60_000 };
const CURATION = { everyMs: 500, limitMs: 600_000 };
const AUTOMATIC_JOB = { everyMs: 500, limitMs: 20_000 };
const POLL_JOB_MS = 500;
/** A job whose status, phase and step stand still for this long is given up. */
const STANDSTILL_MS = 1_800_000;

/**
 * Feedback reaches the record through a queue, and reviews are listed in pages. Accepts what waits
 * until every correction that was sent is decided and the counts stand still; a correction lost with
 * a failed visit ends the wait at its limit. Returns the facts corrected.
 */
export async function reviewCorrections(
  operator: OperatorClient,
  { bank, sent, signal }: { bank: Bank; sent: number; signal: AbortSignal },
): Promise<Set<string>> {
  const corrected = new Set<string>();
  let accepted = 0;
  let last = '';
  await waitFor(
    async () => {
      for (const review of await operator.pendingReviews()) {
        await operator.acceptReview(review.event_id);
        accepted++;
        const fact = bank.facts.find(({ answer }) => answer === review.corrected_response);
        if (fact !== undefined) corrected.add(fact.id);
      }
      const counts = JSON.stringify((await operator.status()).counts);
      const settled = counts === last && accepted >= sent;
      last = counts;
      return settled ? accepted : undefined;
    },
    { ...SETTLE, signal },
  );
  return corrected;
}

/** The finished dataset of a week; throws when none came in ten minutes. */
export async function awaitDataset(
  operator: OperatorClient,
  { week, signal }: { week: string; signal: AbortSignal },
): Promise<Dataset> {
  const dataset = await waitFor(
    async () =>
      (await operator.datasets()).find((it) => it.week === week && it.status !== 'curating'),
    { ...CURATION, signal },
  );
  if (dataset !== undefined) return dataset;
  throw new Error(`Curation of ${week} did not finish in ${CURATION.limitMs / 60_000} minutes.`);
}

async function findJob(
  operator: OperatorClient,
  dataset: Dataset,
  signal: AbortSignal,
): Promise<Job | string> {
  const mine = async () =>
    (await operator.jobs()).find((job) => job.dataset_id === dataset.id) ?? undefined;
  const automatic = await waitFor(mine, { ...AUTOMATIC_JOB, signal });
  if (automatic !== undefined) return automatic;
  try {
    await operator.createJob(dataset.id);
  } catch (error) {
    if (error instanceof CallError && error.status >= 400 && error.status < 500)
      return error.message;
    throw error;
  }
  const asked = await waitFor(mine, { ...AUTOMATIC_JOB, signal });
  return asked ?? 'the job that was asked for never appeared';
}

export function progressText(job: Job): string {
  const at = job.progress;
  if (!at) return `  ${job.model_id}: ${job.status}`;
  const loss = at.loss === undefined || at.loss === null ? '' : `, loss ${at.loss.toFixed(3)}`;
  return `  ${job.model_id}: ${at.phase} ${at.step}/${at.total_steps}${loss}`;
}

export type Verdict =
  | { kind: 'accepted'; modelId: string; reason: string }
  | { kind: 'none'; reason: string };

function verdictOf(job: Job): Verdict | undefined {
  const reason = job.verdict?.reason ?? JSON.stringify(job.error ?? 'no reason given');
  switch (job.status) {
    case 'queued':
    case 'leased':
      return undefined;
    case 'succeeded':
      return { kind: 'accepted', modelId: job.model_id, reason };
    case 'refused':
      return { kind: 'none', reason: `${job.model_id} ${reason}` };
    case 'failed':
    case 'cancelled':
      // Not a verdict about the model: a table made around a broken trainer would tell nothing.
      throw new Error(`Training of ${job.model_id} ${job.status}: ${reason}.`);
  }
}

/** Waits for the training of a dataset; `none` means that production stays. */
export async function awaitTraining(
  operator: OperatorClient,
  { dataset, progress, signal }: { dataset: Dataset; progress: Progress; signal: AbortSignal },
): Promise<Verdict> {
  const found = await findJob(operator, dataset, signal);
  if (typeof found === 'string') return { kind: 'none', reason: `no training: ${found}` };
  let shown = '';
  for (;;) {
    const verdict = await waitFor(
      async () => {
        const job = (await operator.jobs()).find(({ id }) => id === found.id) ?? found;
        const done = verdictOf(job);
        if (done !== undefined) return done;
        const text = progressText(job);
        if (text === shown) return undefined;
        shown = text;
        progress.live(text);
        return 'moved' as const;
      },
      { everyMs: POLL_JOB_MS, limitMs: STANDSTILL_MS, signal },
    );
    if (verdict === undefined) {
      throw new Error(`Training stood still for ${STANDSTILL_MS / 60_000} minutes at${shown}.`);
    }
    if (verdict !== 'moved') return verdict;
  }
}
