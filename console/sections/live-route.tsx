// Who answers visitors now, and the four ways to change it: start a candidate, change its share,
// promote it, roll back. Each asks for a reason in a dialog. Below, every change there ever was.
import { useState } from 'react';
import type { Action } from '../action-dialog.tsx';
import type { Api } from '../api/client.ts';
import { type RouteChange, routeSchema, type Status } from '../api/schema.ts';
import { usePolled } from '../api/use-polled.ts';
import { ShareBar } from '../charts/bars.tsx';
import { basisPoints, DASH, moment } from '../format.ts';
import { type RouteRequest, routeAction } from './route-actions.ts';
import { describeRoute } from './route-words.ts';
import { Empty, Section } from './section.tsx';

interface Props {
  api: Api;
  status: Status;
  act: (action: Action) => void;
}

const SHARES = [0.1, 0.25, 0.5, 0.75, 0.9];

export function LiveRoute({ api, status, act }: Props) {
  const { live, models = [] } = status;
  const { data, error } = usePolled(api, '/admin/route', routeSchema, {
    everyMs: 10_000,
    key: String(live.version),
  });
  const candidate = live.candidate ?? null;
  const startable = ['registered', 'retired'].flatMap((stage) =>
    models.filter((model) => model.stage === stage && model.id !== live.production),
  );
  // A share only grows: whoever was treated stays treated. Less than now means rolling back.
  const shares = SHARES.filter((value) => value * 10_000 > (live.share_bp ?? 0));
  const [picked, setPicked] = useState('');
  const [wished, setShare] = useState(0);
  const share = shares.includes(wished) ? wished : shares[0];
  const chosen = startable.find((model) => model.id === picked) ?? startable[0];
  const ask = (request: RouteRequest) => act(routeAction(api, live, request));

  return (
    <Section id="route" title="Live route" error={error}>
      <div className="live">
        <ShareBar shareBp={live.share_bp ?? 0} candidate={candidate} />
        <dl>
          <div>
            <dt>Production</dt>
            <dd>
              <code>{live.production}</code>{' '}
              {basisPoints(candidate === null ? 10_000 : 10_000 - (live.share_bp ?? 0))}
            </dd>
          </div>
          <div>
            <dt>Candidate</dt>
            <dd>
              {candidate === null ? (
                'none'
              ) : (
                <>
                  <code>{candidate}</code> {basisPoints(live.share_bp)}
                </>
              )}
            </dd>
          </div>
        </dl>
      </div>
      <div className="actions">
        {candidate === null ? (
          <>
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
            <button
              type="button"
              className="button primary"
              data-testid="action-start"
              disabled={chosen === undefined}
              onClick={() => chosen && ask({ action: 'start', model_id: chosen.id, share: 0.1 })}
            >
              Start at 10 %
            </button>
          </>
        ) : (
          <>
            <label className="unseen" htmlFor="share">
              Share of visitors
            </label>
            <select
              id="share"
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
              onClick={() =>
                share !== undefined && ask({ action: 'share', model_id: candidate, share })
              }
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
          </>
        )}
        <button
          type="button"
          className="button"
          data-testid="action-rollback"
          disabled={candidate === null && live.previous === null}
          onClick={() => ask({ action: 'rollback' })}
        >
          Roll back
        </button>
      </div>
      <h3>History</h3>
      <History changes={data?.history ?? []} />
    </Section>
  );
}

function History({ changes }: { changes: readonly RouteChange[] }) {
  if (changes.length === 0) return <Empty>The route has not been changed yet.</Empty>;
  const newestFirst = changes.toSorted((a, b) => (b.version ?? 0) - (a.version ?? 0));
  return (
    <ol className="history" data-testid="route-history">
      {newestFirst.map((change) => (
        <li key={`${change.version} ${change.at}`} className="line">
          <p>
            <strong>{change.action ?? 'changed'}</strong> {describeRoute(change.from)} →{' '}
            {describeRoute(change.to)}
          </p>
          <p className="quiet">
            version {change.version ?? DASH} · {moment(change.at)} · {change.who ?? 'unknown'}
            {change.reason ? `: “${change.reason}”` : ''}
          </p>
        </li>
      ))}
    </ol>
  );
}
