// What the engine will do next and when, what is still missing for it, and what an operator may do now.
import type { Action } from '../action-dialog.tsx';
import type { Api } from '../api/client.ts';
import type { Experiment, Need } from '../api/experiment-schema.ts';
import { ago, moment } from '../format.ts';
import { buttonOf, experimentAction } from './actions.ts';
import { sentence } from './words.ts';

interface Props {
  api: Api;
  one: Experiment;
  now: string;
  act: (action: Action) => void;
}

export function Next({ api, one, now, act }: Props) {
  const { next } = one;
  return (
    <div className="card-like next" data-testid="next">
      <p>{next.says}</p>
      {one.next_look_at !== null && (
        <p className="quiet" data-testid="next-look">
          Next look: {moment(one.next_look_at)}, {ago(one.next_look_at, now)}.
          {next.earliest_at !== null &&
            ` Not before ${moment(next.earliest_at)}, ${ago(next.earliest_at, now)}.`}
        </p>
      )}
      {next.needs.length > 0 && (
        <ul className="needs" aria-label="What the next step needs">
          {next.needs.map((need) => (
            <NeedLine key={need.what} need={need} />
          ))}
        </ul>
      )}
      <Actions api={api} one={one} act={act} />
    </div>
  );
}

function NeedLine({ need: { what, says, met } }: { need: Need }) {
  return (
    <li className={met ? 'need met' : 'need'}>
      <span className="box" aria-hidden="true">
        {met ? '✓' : ''}
      </span>
      <span>
        <span className="unseen">{met ? 'there: ' : 'missing: '}</span>
        {what} <span className="quiet">{says}</span>
      </span>
    </li>
  );
}

function Actions({ api, one, act }: Omit<Props, 'now'>) {
  // Approving a planned one is starting it: one button says so.
  const isPlanned = one.status === 'planned';
  const offered = one.actions.filter(({ action }) => !(isPlanned && action === 'approve'));
  const refused = offered.find(({ refusal }) => refusal !== null);
  if (offered.length === 0) return null;
  return (
    <>
      <div className="actions" data-testid="experiment-actions">
        {offered.map(({ action, refusal }) => (
          <button
            key={action}
            type="button"
            className={action === 'approve' || action === 'start' ? 'button primary' : 'button'}
            data-testid={`experiment-${action}`}
            disabled={refusal !== null}
            onClick={() => act(experimentAction(api, one, action))}
          >
            {buttonOf(action)}
          </button>
        ))}
      </div>
      {refused !== undefined && (
        <p className="quiet" data-testid="refusal">
          {buttonOf(refused.action)} would be refused now: {sentence(refused.refusal ?? '')}
        </p>
      )}
    </>
  );
}
