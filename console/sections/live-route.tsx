// Who answers visitors now, and the four ways to change it: start a candidate, change its share,
// promote it, roll back. Each asks for a reason in a dialog. Below, every change there ever was.
import type { Action } from '../action-dialog.tsx';
import type { Api } from '../api/client.ts';
import { type RouteChange, routeSchema, type Status } from '../api/schema.ts';
import { usePolled } from '../api/use-polled.ts';
import { ShareBar } from '../charts/bars.tsx';
import { basisPoints, DASH, moment } from '../format.ts';
import { type RouteRequest, routeAction } from './route-actions.ts';
import { describeRoute } from './route-words.ts';
import { Empty, Section } from './section.tsx';
import { StartTrial, TrialActions } from './trial-actions.tsx';
import { freeSlices, shareText, trialsOf, triedBp } from './trials.ts';

interface Props {
  api: Api;
  status: Status;
  act: (action: Action) => void;
}

export function LiveRoute({ api, status, act }: Props) {
  const { live, models = [] } = status;
  const { data, error } = usePolled(api, '/admin/route', routeSchema, {
    everyMs: 10_000,
    key: String(live.version),
  });
  const trials = trialsOf(live);
  const shareBp = triedBp(trials);
  const ask = (request: RouteRequest) => act(routeAction(api, live, request));
  const slices = freeSlices(trials);

  return (
    <Section id="route" title="Live route" error={error}>
      <div className="live">
        <ShareBar shareBp={shareBp} candidates={trials.length} />
        <dl>
          <div>
            <dt>Production</dt>
            <dd>
              <code>{live.production}</code>
              {live.settings && ` under ${live.settings.name}`} {basisPoints(10_000 - shareBp)}
            </dd>
          </div>
          <div>
            <dt>{trials.length > 1 ? 'Candidates' : 'Candidate'}</dt>
            {trials.length === 0 && <dd>none</dd>}
            {trials.map((trial) => (
              <dd key={trial.candidate}>
                <code>{trial.candidate}</code>
                {trial.settings && ` (settings: ${trial.settings})`} {shareText(trial)}
              </dd>
            ))}
          </div>
        </dl>
      </div>
      {trials.map((trial) => (
        <TrialActions key={trial.candidate} trial={trial} several={trials.length > 1} ask={ask} />
      ))}
      {(trials.length === 0 || slices.length > 0) && (
        <StartTrial live={live} models={models} slices={slices} ask={ask} />
      )}
      <h3>History</h3>
      {data?.history_read === false ? (
        <Empty>The record cannot be read just now, so what was changed is not known here.</Empty>
      ) : (
        <History changes={data?.history ?? []} />
      )}
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
