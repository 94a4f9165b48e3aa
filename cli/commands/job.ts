/**
 * `bruno job create|list|show|cancel`: training jobs. The agent trains; this asks and watches.
 * A refused candidate is a good end of a job: the gate did its work.
 */
import { segment } from '../client.ts';
import { type Failure, OperationError } from '../errors.ts';
import { parseId } from '../option-values.ts';
import { argument, type Command, type CommandCall, type Outcome, textOption } from '../outcome.ts';
import { poll, waitLimitSeconds } from '../progress.ts';
import { anything, JOB_ENDS, type Job, jobCreated, jobs, oneJob } from '../schemas.ts';
import { jobLine, jobList, jobPage, reasonText } from '../views/job-view.ts';

export const listJobs: Command = async ({ client }) => {
  const found = await client.get('/admin/jobs', jobs);
  return { document: { jobs: found }, text: jobList(found) };
};

export const createJob: Command = async (call) => {
  const datasetId = parseId(argument(call, 0), 'DATASET');
  const body = { dataset_id: datasetId };
  const request = { path: '/admin/jobs', body, repeatable: false };
  const id = await call.client.post(request, jobCreated);
  return shown(await readJob(call, id));
};

export const cancelJob: Command = async (call) => {
  const id = parseId(argument(call, 0), 'ID');
  const request = { path: `/admin/jobs/${segment(id)}/cancel`, body: {}, repeatable: true };
  try {
    await call.client.post(request, anything);
  } catch (thrown) {
    // Ours may be the repeat of a request that was carried out: cancelled is what was wanted.
    const isConflict = thrown instanceof OperationError && thrown.failure.status === 409;
    if (!isConflict) throw thrown;
    const standing = await readJob(call, id);
    if (standing.status !== 'cancelled') throw thrown;
    return shown(standing);
  }
  return shown(await readJob(call, id));
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
    onReading: (job) => call.progress.show(jobLine(job), `${job.status} ${job.progress?.phase}`),
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

function hasEnded(job: Job): boolean {
  return JOB_ENDS.some((end) => end === job.status);
}

function badEnd(job: Job): Failure | null {
  if (job.status === 'cancelled') {
    return { code: 'job_cancelled', message: `Job ${job.id} was cancelled` };
  }
  if (job.status !== 'failed') return null;
  return { code: 'job_failed', message: `Job ${job.id} failed: ${reasonText(job.error)}` };
}

function shown(job: Job): Outcome {
  return { document: job, text: jobPage(job) };
}

function readJob(call: CommandCall, id: string): Promise<Job> {
  return call.client.get(`/admin/jobs/${segment(id)}`, oneJob);
}
