/**
 * `bruno job create|list|show|cancel`: training jobs. The agent trains; this asks and watches.
 * A refused candidate is a good end of a job: the gate did its work.
 */
import { segment } from '../client.ts';
import { type Failure, OperationError } from '../errors.ts';
import { parseId } from '../option-values.ts';
import { argument, type Command, type CommandCall, type Outcome, textOption } from '../outcome.ts';
import { poll, waitLimitSeconds } from '../progress.ts';
import { JOB_ENDS, type Job, job, jobs } from '../schemas.ts';
import { jobLine, jobList, jobPage, reasonText } from '../views/job-view.ts';

export const listJobs: Command = async ({ client }) => {
  const found = await client.get('/admin/jobs', jobs);
  return { document: { jobs: found }, text: jobList(found) };
};

export const createJob: Command = async (call) => {
  const datasetId = parseId(argument(call, 0), 'DATASET');
  const body = { dataset_id: datasetId };
  const request = { path: '/admin/jobs', body, repeatable: false };
  return shown(await call.client.post(request, job));
};

export const cancelJob: Command = async (call) => {
  const id = parseId(argument(call, 0), 'ID');
  const request = { path: `/admin/jobs/${segment(id)}/cancel`, body: {}, repeatable: true };
  try {
    return shown(await call.client.post(request, job));
  } catch (thrown) {
    // Ours may be the repeat of a request that was carried out: cancelled is what was wanted.
    const isConflict = thrown instanceof OperationError && thrown.failure.status === 409;
    if (!isConflict) throw thrown;
    const standing = await readJob(call, id);
    if (standing.status !== 'cancelled') throw thrown;
    return shown(standing);
  }
};

export const showJob: Command = async (call) => {
  const id = parseId(argument(call, 0), 'ID');
  const limit = textOption(call.options, 'wait-limit');
  waitLimitSeconds(limit);
  if (!call.options.has('follow')) return shown(await readJob(call, id));
  const { reading, inTime } = await poll({
    io: call.io,
    limit,
    read: () => readJob(call, id),
    isDone: hasEnded,
    onReading: (now) => call.progress.show(jobLine(now), `${now.status} ${now.progress?.phase}`),
  });
  if (!inTime) {
    throw new OperationError({
      code: 'wait_limit',
      message: `Job ${id} is still ${reading.status} after --wait-limit; it goes on without us`,
    });
  }
  const failure = badEnd(reading);
  return failure === null ? shown(reading) : { ...shown(reading), failure };
};

function hasEnded({ status }: Job): boolean {
  return JOB_ENDS.some((end) => end === status);
}

function badEnd({ id, status, error }: Job): Failure | null {
  if (status === 'cancelled') return { code: 'job_cancelled', message: `Job ${id} was cancelled` };
  if (status !== 'failed') return null;
  return { code: 'job_failed', message: `Job ${id} failed: ${reasonText(error)}` };
}

function shown(found: Job): Outcome {
  return { document: found, text: jobPage(found) };
}

function readJob(call: CommandCall, id: string): Promise<Job> {
  return call.client.get(`/admin/jobs/${segment(id)}`, job);
}
