// All experiments: on traffic, waiting with their place in the line, and over. Each leads to its page;
// below them another one is planned.
import type { Action } from '../action-dialog.tsx';
import type { Api } from '../api/client.ts';
import { type ExperimentSummary, experimentsSchema } from '../api/experiment-schema.ts';
import type { Status } from '../api/schema.ts';
import { usePolled } from '../api/use-polled.ts';
import { groupsOf, sentence, statusOf } from '../experiment/words.ts';
import { ago, percent } from '../format.ts';
import { experimentHref } from '../view.ts';
import { Empty, Section } from './section.tsx';
import { StartExperiment } from './start-experiment.tsx';

const ENDED_SHOWN = 5;

interface Props {
  api: Api;
  status: Status;
  asked: number;
  act: (action: Action) => void;
}

export function Experiments({ api, status, asked, act }: Props) {
  const { data, error } = usePolled(api, '/admin/experiments', experimentsSchema, {
    everyMs: 10_000,
    key: `${asked} ${status.live.version}`,
  });
  const { running, waiting, ended } = groupsOf(data?.experiments ?? []);
  const { now } = status;
  const older = ended.slice(ENDED_SHOWN);
  return (
    <Section id="experiments" title="Experiments" error={error}>
      <div>
        {data !== null && data.experiments.length === 0 && (
          <Empty>There was no experiment yet. Plan one below.</Empty>
        )}
        <Group title="Running" rows={running} now={now} />
        <Group title="Waiting" rows={waiting} now={now} />
        <Group title="Ended" rows={ended.slice(0, ENDED_SHOWN)} now={now} />
        {older.length > 0 && (
          <details>
            <summary>{older.length} older</summary>
            <Group title="Ended before" rows={older} now={now} />
          </details>
        )}
      </div>
      <StartExperiment api={api} status={status} act={act} />
    </Section>
  );
}

function Group({ title, rows, now }: { title: string; rows: ExperimentSummary[]; now: string }) {
  if (rows.length === 0) return null;
  return (
    <>
      <h3 className="group">{title}</h3>
      <ul className="experiments">
        {rows.map((one) => (
          <Row key={one.id} one={one} now={now} />
        ))}
      </ul>
    </>
  );
}

function Row({ one, now }: { one: ExperimentSummary; now: string }) {
  const told = statusOf(one);
  return (
    <li className="card-like" data-testid="experiment-item">
      <header>
        <a href={experimentHref(one.id)}>{one.model_id}</a>
        {one.kind === 'settings' && <span>settings</span>}
        {one.share !== null && <span>{percent(one.share)}</span>}
        <span className={`told ${told.tone}`}>
          <span aria-hidden="true">{told.mark}</span> {told.says}
        </span>
      </header>
      <p className="why">{sentence(one.reason)}</p>
      <p className="quiet">
        {one.next_look_at === null
          ? `ended ${ago(one.updated_at, now)}`
          : `looked at ${ago(one.updated_at, now)}, next look ${ago(one.next_look_at, now)}`}
      </p>
    </li>
  );
}
