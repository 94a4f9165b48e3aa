// What can be done with the candidates: one row for each under trial (its share, promotion, its end),
// and one to start another while there is room. Used by live-route.tsx; the dialog asks and sends.
import { useState } from 'react';
import type { Model, Status } from '../api/schema.ts';
import { basisPoints } from '../format.ts';
import type { RouteRequest } from './route-actions.ts';
import type { Trial } from './trials.ts';

type Ask = (request: RouteRequest) => void;

const SHARES = [0.1, 0.25, 0.5, 0.75, 0.9];

export function TrialActions({
  trial,
  several,
  ask,
}: {
  trial: Trial;
  several: boolean;
  ask: Ask;
}) {
  const { candidate, shareBp } = trial;
  // A share only grows: whoever was treated stays treated. Less than now means rolling back.
  const shares = SHARES.filter((value) => value * 10_000 > shareBp);
  const [wished, setShare] = useState(0);
  const share = shares.includes(wished) ? wished : shares[0];
  const field = `share-${candidate}`;
  return (
    <div className="actions">
      {several && <code>{candidate}</code>}
      <label className="unseen" htmlFor={field}>
        {several ? `Share of ${candidate}` : 'Share of visitors'}
      </label>
      <select
        id={field}
        className="field"
        data-testid="action-share-value"
        disabled={share === undefined}
        value={share ?? ''}
        onChange={(event) => setShare(Number(event.target.value))}
      >
        {shares.map((value) => (
          <option key={value} value={value}>
            {basisPoints(value * 10_000)}
          </option>
        ))}
      </select>
      <button
        type="button"
        className="button"
        data-testid="action-share"
        disabled={share === undefined}
        onClick={() => share !== undefined && ask({ action: 'share', model_id: candidate, share })}
      >
        Change share
      </button>
      <button
        type="button"
        className="button primary"
        data-testid="action-promote"
        onClick={() => ask({ action: 'promote', model_id: candidate })}
      >
        Promote
      </button>
      <button
        type="button"
        className="button"
        data-testid="action-rollback"
        onClick={() => ask({ action: 'rollback', model_id: candidate })}
      >
        Roll back
      </button>
    </div>
  );
}

interface StartProps {
  live: Status['live'];
  models: readonly Model[];
  /** Widths that are free, in ten-thousandths of all visitors. */
  slices: readonly number[];
  ask: Ask;
}

export function StartTrial({ live, models, slices, ask }: StartProps) {
  const tried = new Set((live.experiments ?? []).map(({ candidate }) => candidate));
  const startable = ['registered', 'retired'].flatMap((stage) =>
    models.filter(
      (model) => model.stage === stage && model.id !== live.production && !tried.has(model.id),
    ),
  );
  const [picked, setPicked] = useState('');
  const [wished, setSlice] = useState(0);
  const chosen = startable.find((model) => model.id === picked) ?? startable[0];
  const sliceBp = slices.includes(wished) ? wished : slices[0];
  const isFirst = tried.size === 0;
  const start = (model: Model) =>
    ask({
      action: 'start',
      model_id: model.id,
      ...(sliceBp === undefined || sliceBp === 10_000 ? {} : { slice: sliceBp / 10_000 }),
    });
  return (
    <div className="actions">
      <label className="unseen" htmlFor="start-model">
        Model to try
      </label>
      <select
        id="start-model"
        className="field"
        data-testid="action-start-model"
        disabled={startable.length === 0}
        value={chosen?.id ?? ''}
        onChange={(event) => setPicked(event.target.value)}
      >
        {startable.length === 0 && <option value="">No model is ready to try</option>}
        {startable.map((model) => (
          <option key={model.id} value={model.id}>
            {model.stage === 'retired' ? `${model.id} (was live before)` : model.id}
          </option>
        ))}
      </select>
      <label className="unseen" htmlFor="start-slice">
        Visitors it is tried on
      </label>
      <select
        id="start-slice"
        className="field"
        data-testid="action-start-slice"
        disabled={chosen === undefined}
        value={sliceBp ?? ''}
        onChange={(event) => setSlice(Number(event.target.value))}
      >
        {slices.map((width) => (
          <option key={width} value={width}>
            {width === 10_000 ? 'on everyone' : `on a slice of ${basisPoints(width)}`}
          </option>
        ))}
      </select>
      <button
        type="button"
        className="button primary"
        data-testid="action-start"
        disabled={chosen === undefined}
        onClick={() => chosen && start(chosen)}
      >
        Start
      </button>
      {isFirst && (
        <button
          type="button"
          className="button"
          data-testid="action-rollback"
          disabled={live.previous === null}
          onClick={() => ask({ action: 'rollback' })}
        >
          Roll back
        </button>
      )}
    </div>
  );
}
