// The newest training job in detail: where it is, how its loss goes, what became of it; and the way to
// cancel it. Polls the list of jobs for the earlier ones.
import type { Action } from '../action-dialog.tsx';
import type { Api } from '../api/client.ts';
import { anythingSchema, type Job, jobsSchema, type Status } from '../api/schema.ts';
import { usePolled } from '../api/use-polled.ts';
import { ProgressBar, Sparkline } from '../charts/bars.tsx';
import type { Losses } from '../charts/losses.ts';
import { ago, count, DASH, decimal, moment } from '../format.ts';
import { jobState, stepOf } from '../loop/facts.ts';
import { problemOf } from './problem.ts';
import { Empty, Section } from './section.tsx';

interface Props {
  api: Api;
  status: Status;
  losses: Losses;
  act: (action: Action) => void;
}

export function Training({ api, status, losses, act }: Props) {
  const { job, now } = status;
  const { data, error } = usePolled(api, '/admin/jobs', jobsSchema, {
    everyMs: 10_000,
    key: `${job?.id} ${job?.status}`,
  });
  const earlier = (data?.jobs ?? []).filter((one) => one.id !== job?.id).slice(0, 8);
  return (
    <Section id="training" title="Training" error={error}>
      {job ? (
        <JobDetail job={job} now={now} losses={losses} onCancel={() => act(cancel(api, job))} />
      ) : (
        <Empty>No job yet. One starts by itself when a dataset is made.</Empty>
      )}
      {earlier.length > 0 && (
        <>
          <h3>Earlier jobs</h3>
          <ul className="lines">
            {earlier.map((one) => (
              <li key={one.id} className="line">
                <code>{one.model_id ?? one.id}</code> {jobState(one)}
                <span className="quiet"> {moment(one.finished_at ?? one.created_at)}</span>
                {one.verdict && <p className="quiet">{one.verdict.reason}</p>}
              </li>
            ))}
          </ul>
        </>
      )}
    </Section>
  );
}

interface DetailProps {
  job: Job;
  now: string;
  losses: Losses;
  onCancel: () => void;
}

function JobDetail({ job, now, losses, onCancel }: DetailProps) {
  const open = job.status === 'leased' || job.status === 'queued';
  const { progress } = job;
  const problem = problemOf(job.error);
  const first = losses.points[0]?.[1];
  const last = losses.points.at(-1)?.[1];
  return (
    <div className="job stack" data-testid="job" data-status={job.status}>
      <p>
        <strong>{job.model_id ?? job.id}</strong> from dataset <code>{job.dataset_id ?? DASH}</code>
        : <strong>{jobState(job)}</strong>
      </p>
      <p className="quiet">
        made {ago(job.created_at, now)} · attempt {count(job.attempt)} of {count(job.max_attempts)}
        {job.agent_id && ` · on ${job.agent_id}`}
        {job.finished_at && ` · finished ${ago(job.finished_at, now)}`}
      </p>
      {open && progress && (
        <>
          <p>{stepOf(progress)}</p>
          <ProgressBar
            step={progress.step ?? null}
            total={progress.total_steps ?? null}
            phase={progress.phase ?? 'starting'}
          />
          {progress.message && <p className="quiet">{progress.message}</p>}
        </>
      )}
      {losses.points.length > 1 && losses.run.startsWith(`${job.id}/`) && (
        <figure className="loss">
          <Sparkline
            points={losses.points}
            label={`Training loss from ${decimal(first)} to ${decimal(last)}`}
          />
          <figcaption className="quiet">
            training loss, {decimal(first)} → {decimal(last)}
          </figcaption>
        </figure>
      )}
      {job.verdict && (
        <p className="verdict" data-testid="job-verdict">
          {job.verdict.reason}
        </p>
      )}
      {problem !== null && <p className="alarm">{problem}</p>}
      {open && !job.cancel_requested && (
        <p>
          <button type="button" className="button" data-testid="job-cancel" onClick={onCancel}>
            Cancel this job
          </button>
        </p>
      )}
    </div>
  );
}

function cancel(api: Api, job: Job): Action {
  const name = job.model_id ?? job.id;
  return {
    title: `Cancel ${name}`,
    effect:
      'Training stops at its next heartbeat and the work on this job is dropped. Visitors notice nothing.',
    verb: 'Cancel the job',
    needsReason: false,
    async perform() {
      await api.post(`/admin/jobs/${encodeURIComponent(job.id)}/cancel`, {}, anythingSchema);
      return `${name} is cancelled.`;
    },
  };
}
