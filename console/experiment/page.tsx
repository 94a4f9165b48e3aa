// The page of one experiment: where it stands and why, what comes next, each metric over time and by
// stage, whether the arms can be compared, and its history.
import type { Action } from '../action-dialog.tsx';
import type { Api } from '../api/client.ts';
import {
  type Evidence,
  type Experiment,
  experimentSchema,
  looksSchema,
} from '../api/experiment-schema.ts';
import { usePolled } from '../api/use-polled.ts';
import { SequenceKey } from '../charts/sequence-chart.tsx';
import { moment } from '../format.ts';
import { PreviewAnswers } from '../sections/preview-answers.tsx';
import { PreviewChat } from '../sections/preview-chat.tsx';
import { Empty, Section } from '../sections/section.tsx';
import { Arms } from './arms.tsx';
import { Latencies } from './latencies.tsx';
import { MetricCard, WaivedCard } from './metric-card.tsx';
import { Next } from './next.tsx';
import { PlanView } from './plan-view.tsx';
import { sentence, statusOf, stepsOf } from './words.ts';

interface Props {
  api: Api;
  id: string;
  now: string;
  /** Grows when something was done, so that it is read again at once. */
  asked: number;
  act: (action: Action) => void;
}

export function ExperimentPage({ api, id, now, asked, act }: Props) {
  const path = `/admin/experiments/${encodeURIComponent(id)}`;
  const { data, error } = usePolled(api, path, experimentSchema, {
    everyMs: 5_000,
    key: String(asked),
  });
  return (
    <main className="experiment" data-testid="experiment">
      <nav aria-label="Back">
        <a href="#experiments">← All experiments</a>
      </nav>
      {data === null ? (
        <p className={error === null ? 'quiet' : 'alarm'} role="status">
          {error ?? 'Reading the experiment…'}
        </p>
      ) : (
        <>
          {error !== null && (
            <p className="stale" role="alert">
              What you see is not up to date. {error}
            </p>
          )}
          <Shown api={api} one={data} now={now} act={act} />
        </>
      )}
    </main>
  );
}

function Shown({
  api,
  one,
  now,
  act,
}: {
  api: Api;
  one: Experiment;
  now: string;
  act: Props['act'];
}) {
  const { evidence } = one;
  return (
    <>
      <Head one={one} />
      <div className="parts">
        <Section id="next" title="What comes next">
          <Next api={api} one={one} now={now} act={act} />
        </Section>
        {one.status === 'planned' && (
          <Section id="plan" title="The plan">
            <PlanView plan={one.plan} />
          </Section>
        )}
        {one.status !== 'ended' && <PreviewChat api={api} experimentId={one.id} />}
        <PreviewAnswers api={api} now={now} experimentId={one.id} />
        {evidence === null ? (
          <Section id="evidence" title="What is known">
            <Empty>No answer was counted yet.</Empty>
          </Section>
        ) : (
          <Known api={api} one={one} evidence={evidence} />
        )}
        {one.status !== 'planned' && (
          <Section id="plan" title="The plan">
            <details>
              <summary>What was planned before it started</summary>
              <PlanView plan={one.plan} />
            </details>
          </Section>
        )}
        <Section id="history" title="History">
          <History rows={one.history} />
        </Section>
      </div>
    </>
  );
}

/** Settings are tried on a model, and are named with it. */
const triedOf = ({ kind, arms, model_id }: Experiment): string =>
  kind === 'settings' ? (arms?.treatment.description ?? model_id) : model_id;

function Head({ one }: { one: Experiment }) {
  const told = statusOf(one);
  const against = one.state.progress?.production;
  return (
    <header className="experiment-head">
      <h2>
        <code>{triedOf(one)}</code>
        {against !== undefined && (
          <>
            {' '}
            <span className="quiet">against</span> <code>{against}</code>
          </>
        )}
      </h2>
      <p className={`told ${told.tone}`} data-testid="experiment-status">
        <span aria-hidden="true">{told.mark}</span> {told.says}
      </p>
      <ol className="steps" aria-label="Its way up">
        {stepsOf(one).map(({ share, state }) => (
          <li key={share} className={state} aria-current={state === 'now' ? 'step' : undefined}>
            {share}
          </li>
        ))}
      </ol>
      <p className="why" data-testid="experiment-reason">
        {sentence(one.reason)}
      </p>
      <p className="quiet">
        <code>{one.id}</code>, looked at {moment(one.updated_at)}
      </p>
    </header>
  );
}

function Known({ api, one, evidence }: { api: Api; one: Experiment; evidence: Evidence }) {
  const path = `/admin/experiments/${encodeURIComponent(one.id)}/looks`;
  const { data, error } = usePolled(api, path, looksSchema, {
    everyMs: 60_000,
    key: one.updated_at,
  });
  const looksOf = (metric: string) =>
    data?.metrics.find((found) => found.metric === metric)?.looks ?? [];
  return (
    <>
      <Section id="metrics" title="Better or worse?" error={error}>
        <p className="quiet">
          Treatment against control, stage by stage and never pooled. Each band holds the difference
          with 95 % certainty, however often it is looked at; where it meets the edge of its
          drawing, it goes on beyond.
        </p>
        <SequenceKey />
        <ul className="metrics">
          {evidence.metrics.map((metric) => (
            <MetricCard key={metric.metric} metric={metric} looks={looksOf(metric.metric)} />
          ))}
          {evidence.waived.map((metric) => (
            <WaivedCard key={metric} metric={metric} />
          ))}
        </ul>
        {one.judge != null && (
          <p className="quiet" data-testid="experiment-judge">
            {one.judge.says.join(' ')}
          </p>
        )}
      </Section>
      <Section id="latencies" title="How long answers take">
        <Latencies latencies={evidence.latencies ?? []} />
      </Section>
      <Section id="arms" title="Can the arms be compared?">
        <Arms evidence={evidence} isOver={one.status === 'ended'} />
      </Section>
    </>
  );
}

function History({ rows }: { rows: Experiment['history'] }) {
  const newestFirst = rows.toSorted((a, b) => b.seq - a.seq);
  return (
    <ol className="history" data-testid="experiment-history">
      {newestFirst.map(({ seq, at, who, summary, reason }) => (
        <li key={seq} className="line">
          <p>{sentence(summary)}</p>
          <p className="quiet">
            row {seq}, {moment(at)}, {who}
            {!summary.includes(reason) && `: “${reason}”`}
          </p>
        </li>
      ))}
    </ol>
  );
}
