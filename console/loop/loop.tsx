// The loop, drawn as it stands: seven stations in a ring, each with its numbers and its state. Wide,
// four stations run to the right and three back to the left; on a phone they stand one below the other.
import type { Status } from '../api/schema.ts';
import { BandsBar } from '../charts/bands-bar.tsx';
import { ProgressBar, ShareBar, Sparkline, VotesBar } from '../charts/bars.tsx';
import type { Losses } from '../charts/losses.ts';
import { basisPoints } from '../format.ts';
import { trialsOf, triedBp } from '../sections/trials.ts';
import { type Facts, type StationId, stationsOf } from './facts.ts';
import { Station } from './station.tsx';

interface Props {
  status: Status;
  losses: Losses;
}

export function Loop({ status, losses }: Props) {
  const stations = stationsOf(status);
  return (
    <section aria-labelledby="loop-title">
      <h2 id="loop-title" className="unseen">
        The loop now
      </h2>
      <ol className="loop">
        {stations.map((facts, index) => (
          <Station key={facts.id} facts={facts} flows={flows(stations, index)}>
            <Drawing id={facts.id} status={status} losses={losses} />
          </Station>
        ))}
      </ol>
    </section>
  );
}

/** Something moves from a station to the next one while either of them is at work. */
function flows(stations: readonly Facts[], index: number): boolean {
  const next = stations[(index + 1) % stations.length];
  return stations[index]?.tone === 'moving' && next?.tone !== 'idle';
}

function Drawing({ id, status, losses }: Props & { id: StationId }) {
  switch (id) {
    case 'feedback': {
      const { thumbs_up, thumbs_down } = status.counts;
      return <VotesBar up={thumbs_up ?? 0} down={thumbs_down ?? 0} />;
    }
    case 'training': {
      const { job } = status;
      if (job?.status !== 'leased') return null;
      const { progress } = job;
      return (
        <>
          <ProgressBar
            testId="job-progress"
            step={progress?.step ?? null}
            total={progress?.total_steps ?? null}
            phase={progress?.phase ?? 'starting'}
          />
          <Sparkline points={losses.points} label="Training loss so far" />
        </>
      );
    }
    case 'route': {
      const trials = trialsOf(status.live);
      const shareBp = triedBp(trials);
      return (
        <>
          <ShareBar shareBp={shareBp} candidates={trials.length} />
          {trials.length > 0 && (
            <p className="legend">
              <span>solid: production, {basisPoints(10_000 - shareBp)}</span>
              <span>
                striped: {trials.length > 1 ? 'candidates' : 'candidate'}, {basisPoints(shareBp)}
              </span>
            </p>
          )}
        </>
      );
    }
    case 'dataset': {
      const bands = status.dataset?.counts?.bands;
      return bands ? <BandsBar bands={bands} label="Answers by quality" compact /> : null;
    }
    case 'visitors':
    case 'corrections':
    case 'models':
      return null;
    default:
      return id satisfies never;
  }
}
