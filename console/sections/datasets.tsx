// The weekly datasets: what went in, what was left out and why, and how it was split. From here an
// operator curates now, or trains on a dataset again.
import { useState } from 'react';
import type { Action } from '../action-dialog.tsx';
import type { Api } from '../api/client.ts';
import { anythingSchema, type Dataset, datasetsSchema, type Status } from '../api/schema.ts';
import { usePolled } from '../api/use-polled.ts';
import { BandsBar } from '../charts/bands-bar.tsx';
import { count, counted, moment, percent, shortHash, words } from '../format.ts';
import { CurateNow } from './curate-now.tsx';
import { endWeek } from './end-week.ts';
import { Empty, Section } from './section.tsx';

interface Props {
  api: Api;
  status: Status;
  act: (action: Action) => void;
  onChanged: () => void;
}

export function Datasets({ api, status, act, onChanged }: Props) {
  const [runs, setRuns] = useState(0);
  const { data, error } = usePolled(api, '/admin/datasets', datasetsSchema, {
    everyMs: 10_000,
    key: `${status.dataset?.id} ${status.dataset?.status} ${runs}`,
  });
  const isLocal = status.environment === 'local';
  const finished = () => {
    setRuns((before) => before + 1);
    onChanged();
  };
  return (
    <Section
      id="datasets"
      title="Datasets"
      error={error}
      aside={
        <div className="row">
          {isLocal && (
            <button
              type="button"
              className="button"
              data-testid="end-week"
              onClick={() => act(endWeek(api, status.now))}
            >
              End the week now
            </button>
          )}
          <CurateNow api={api} onFinished={finished} />
        </div>
      }
    >
      {data?.datasets.length === 0 && (
        <Empty>
          No dataset yet. One is made every Sunday 02:00 UTC from the week before it
          {isLocal ? '; “End the week now” lets that Sunday come on this machine.' : '.'}
        </Empty>
      )}
      <ul className="datasets">
        {data?.datasets.map((dataset) => (
          <DatasetItem
            key={dataset.id}
            dataset={dataset}
            onTrain={() => act(train(api, dataset))}
          />
        ))}
      </ul>
    </Section>
  );
}

function DatasetItem({ dataset, onTrain }: { dataset: Dataset; onTrain: () => void }) {
  const { counts } = dataset;
  const filtered = Object.entries(counts?.filtered ?? {}).filter(([, left]) => left > 0);
  return (
    <li data-testid="dataset-item" data-id={dataset.id}>
      <header>
        <h3>{dataset.id}</h3>
        <span>{words(dataset.status)}</span>
        <button type="button" className="button" data-testid="job-create" onClick={onTrain}>
          Train on this
        </button>
      </header>
      <p className="quiet">
        {moment(dataset.window_start)} to {moment(dataset.window_end)}
      </p>
      <dl className="numbers">
        <Figure label="answers" value={counts?.interactions} />
        <Figure label="with evidence" value={counts?.with_evidence} />
        <Figure label="qualified" value={counts?.qualified} />
        <Figure label="to train on" value={counts?.train} />
        <Figure label="of them replayed" value={counts?.replayed} />
        <Figure label="preference pairs" value={counts?.pairs} />
        <Figure label="corrections" value={counts?.corrections} />
      </dl>
      {counts?.bands && <BandsBar bands={counts.bands} label={`Quality of ${dataset.id}`} />}
      <p className="quiet">
        {dataset.quality_rate == null ? '' : `${percent(dataset.quality_rate)} qualified. `}
        Held out: {count(counts?.validation_phrasings)} + {count(counts?.test_phrasings)} phrasings,{' '}
        {count(counts?.validation_groups)} + {count(counts?.test_groups)} questions never taught
        (validation + test).
      </p>
      {filtered.length > 0 && (
        <p className="quiet">
          Left out: {filtered.map(([reason, left]) => `${words(reason)} ${count(left)}`).join(', ')}
          .
        </p>
      )}
      <p className="quiet">
        manifest{' '}
        <code title={dataset.manifest_sha256 ?? ''}>{shortHash(dataset.manifest_sha256)}</code>
      </p>
    </li>
  );
}

function Figure({ label, value }: { label: string; value: number | null | undefined }) {
  return (
    <div>
      <dt>{label}</dt>
      <dd>{count(value)}</dd>
    </div>
  );
}

function train(api: Api, dataset: Dataset): Action {
  return {
    title: `Train on ${dataset.id}`,
    effect: `A new job trains a model on ${counted(dataset.counts?.train, 'example')}. Visitors notice nothing until the model is tried on purpose.`,
    verb: 'Create the job',
    needsReason: false,
    async perform() {
      await api.post('/admin/jobs', { dataset_id: dataset.id }, anythingSchema);
      return `A job for ${dataset.id} is queued. A Mac picks it up within seconds.`;
    },
  };
}
