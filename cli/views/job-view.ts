/**
 * Training jobs for people: a list, one in full, and its progress line. Pure.
 */
import { facts, instant, minute, NOTHING, number, page, section, table } from '../layout.ts';
import type { Job } from '../schemas.ts';

export function jobList(jobs: readonly Job[]): string {
  return table(
    [
      { title: 'job', max: 48 },
      { title: 'status' },
      { title: 'model' },
      { title: 'dataset', max: 48 },
      { title: 'attempt', right: true },
      { title: 'progress', max: 36 },
      { title: 'created (UTC)' },
      { title: 'finished (UTC)' },
    ],
    jobs.map((job) => [
      job.id,
      job.status,
      job.model_id,
      job.dataset_id,
      attempts(job),
      job.finished_at ? null : progressText(job),
      minute(job.created_at),
      minute(job.finished_at),
    ]),
    'No training jobs yet: start one with bruno job create DATASET.',
  );
}

export function jobPage(job: Job): string {
  const verdict = job.verdict ?? null;
  const outcome = verdict === null ? null : verdict.accepted ? 'accepted' : 'refused';
  return page(
    section(
      `Job ${job.id}`,
      facts([
        ['status', job.cancel_requested ? `${job.status}, asked to stop` : job.status],
        ['model', job.model_id],
        ['dataset', job.dataset_id],
        ['attempt', attempts(job)],
        ['agent', job.agent_id],
        ['lease until', instant(job.lease_expires_at)],
        ['progress', progressText(job)],
        ['created', instant(job.created_at)],
        ['finished', instant(job.finished_at)],
      ]),
    ),
    verdict === null
      ? null
      : section(
          'Verdict',
          facts([
            ['candidate', outcome],
            ['why', verdict.reason],
          ]),
        ),
    isMissing(job.error) ? null : section('Error', facts([['what', reasonText(job.error)]])),
  );
}

function attempts(job: Job): string {
  return job.max_attempts === null || job.max_attempts === undefined
    ? number(job.attempt)
    : `${number(job.attempt)} of ${number(job.max_attempts)}`;
}

function isMissing(value: unknown): value is null | undefined {
  return value === null || value === undefined;
}

/** "sft, step 12 of 60, loss 1.2345". */
export function progressText(job: Job): string {
  const progress = job.progress;
  if (isMissing(progress)) return NOTHING;
  const step = isMissing(progress.step)
    ? null
    : `step ${number(progress.step)}${isMissing(progress.total_steps) ? '' : ` of ${number(progress.total_steps)}`}`;
  const loss = isMissing(progress.loss) ? null : `loss ${number(progress.loss)}`;
  const parts = [progress.phase, step, loss, progress.message].filter((part) => !isMissing(part));
  return parts.length === 0 ? NOTHING : parts.join(', ');
}

/** One line on how a job stands, for --follow. */
export function jobLine(job: Job): string {
  const name = job.model_id ?? job.id;
  return `${name}  ${job.status}  attempt ${attempts(job)}  ${progressText(job)}`;
}

/** Why something failed, whether it came as a text or as { code, message }. */
export function reasonText(error: unknown): string {
  if (typeof error === 'string') return error;
  if (error !== null && typeof error === 'object' && 'message' in error) {
    const code = 'code' in error && typeof error.code === 'string' ? ` (${error.code})` : '';
    return `${String(error.message)}${code}`;
  }
  return isMissing(error) ? 'no reason was given' : JSON.stringify(error);
}
