// The operators' page: the gate, then the loop as it stands, then what an operator can look into and
// change; or, by its address, one experiment. The status is read every two seconds; the parts read more when it tells them to.
import { useEffect, useMemo, useState } from 'react';
import { type Action, ActionDialog } from './action-dialog.tsx';
import { createApi } from './api/client.ts';
import { type Status, statusSchema } from './api/schema.ts';
import { usePolled } from './api/use-polled.ts';
import { gather, noLosses } from './charts/losses.ts';
import { ExperimentPage } from './experiment/page.tsx';
import { moment } from './format.ts';
import { Gate } from './gate.tsx';
import { healthOf } from './health.ts';
import { Loop } from './loop/loop.tsx';
import { Bounds } from './sections/bounds.tsx';
import { Datasets } from './sections/datasets.tsx';
import { DeadLetters } from './sections/dead-letters.tsx';
import { Experiments } from './sections/experiments.tsx';
import { Gain } from './sections/gain.tsx';
import { Lineage } from './sections/lineage.tsx';
import { LiveRoute } from './sections/live-route.tsx';
import { Models } from './sections/models.tsx';
import { Reviews } from './sections/reviews.tsx';
import { Training } from './sections/training.tsx';
import { dropToken, keepToken, takeToken } from './token.ts';
import { useView } from './view.ts';

export function App() {
  const [token, setToken] = useState(takeToken);
  const [refused, setRefused] = useState(false);
  if (token === null) {
    const enter = (entered: string) => {
      keepToken(entered);
      setRefused(false);
      setToken(entered);
    };
    return <Gate refused={refused} onToken={enter} />;
  }
  const leave = (wasRefused: boolean) => {
    dropToken();
    setRefused(wasRefused);
    setToken(null);
  };
  return <Console key={token} token={token} onLeave={leave} />;
}

interface Props {
  token: string;
  onLeave: (refused: boolean) => void;
}

function Console({ token, onLeave }: Props) {
  const api = useMemo(() => createApi(token), [token]);
  const { data, error, refused, refresh } = usePolled(api, '/admin/status', statusSchema, {
    everyMs: 2000,
  });
  const [losses, setLosses] = useState(noLosses);
  const [action, setAction] = useState<Action | null>(null);
  /** Grows when something was done: what shows it is read again at once. */
  const [asked, setAsked] = useState(0);
  const view = useView();

  useEffect(() => {
    if (refused) onLeave(true);
  }, [refused, onLeave]);
  useEffect(() => setLosses((before) => gather(before, data?.job)), [data?.job]);

  const closed = () => {
    setAction(null);
    setAsked((count) => count + 1);
    refresh();
  };

  return (
    <div className="page">
      <header className="top">
        <h1>Bruno Loop</h1>
        {data !== null && <Standing status={data} />}
        <button type="button" className="button" data-testid="leave" onClick={() => onLeave(false)}>
          Leave
        </button>
      </header>
      {error !== null && (
        <p className="stale" role="alert" data-testid="stale">
          {data === null ? '' : 'What you see is not up to date. '}
          {error}
        </p>
      )}
      {data === null ? (
        error === null && <p className="quiet">Reading the loop…</p>
      ) : view.name === 'experiment' ? (
        <ExperimentPage
          key={view.id}
          api={api}
          id={view.id}
          now={data.now}
          asked={asked}
          act={setAction}
        />
      ) : (
        <main>
          <Loop status={data} losses={losses} />
          <div className="parts">
            {(data.dead_letters_waiting ?? 0) > 0 && (
              <DeadLetters
                api={api}
                now={data.now}
                waiting={data.dead_letters_waiting ?? 0}
                onChanged={refresh}
              />
            )}
            <Reviews
              api={api}
              now={data.now}
              pending={data.reviews_pending ?? 0}
              onChanged={refresh}
            />
            <Bounds api={api} now={data.now} />
            <Experiments api={api} status={data} asked={asked} act={setAction} />
            <Gain api={api} />
            <LiveRoute api={api} status={data} act={setAction} />
            <Training api={api} status={data} losses={losses} act={setAction} />
            <Models status={data} />
            <Datasets api={api} status={data} act={setAction} onChanged={refresh} />
            <Lineage api={api} />
          </div>
        </main>
      )}
      {action !== null && <ActionDialog action={action} onClose={closed} />}
    </div>
  );
}

function Standing({ status }: { status: Status }) {
  return (
    <div className="standing">
      <span data-testid="clock">{moment(status.now)}</span>
      <ul className="health" aria-label="Health">
        {healthOf(status).map((part) => (
          <li key={part.name} className={part.well ? undefined : 'alarm'}>
            <span aria-hidden="true">{part.well ? '✓' : '✕'}</span> {part.name} {part.says}
          </li>
        ))}
      </ul>
    </div>
  );
}
