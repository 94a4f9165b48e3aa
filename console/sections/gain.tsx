// What the loop gains: production against the model that held-out visitors stay on, as it was known at
// the end of each week. A line crossing zero is no clear change. The words beside it say the same.
import type { Api } from '../api/client.ts';
import { type GainWeek, type Holdout, holdoutSchema } from '../api/schema.ts';
import { usePolled } from '../api/use-polled.ts';
import { Interval } from '../charts/interval.tsx';
import { rangeAroundZero } from '../charts/scale.ts';
import { count, percent, words } from '../format.ts';
import { gainText } from './gain-words.ts';
import { Empty, Section } from './section.tsx';

export function Gain({ api }: { api: Api }) {
  const { data, error } = usePolled(api, '/admin/holdout', holdoutSchema, { everyMs: 300_000 });
  return (
    <Section id="gain" title="What the loop gains" error={error}>
      {data !== null && <GainShown holdout={data} />}
    </Section>
  );
}

export function GainShown({ holdout }: { holdout: Holdout }) {
  const { enabled, share, weeks, now, split, metrics } = holdout;
  const counted = metrics.filter((metric) => metric.weeks.length > 0);
  return (
    <div className="stack">
      {!enabled && (
        <Empty>
          Nobody is held out. With <code>ab_testing.holdout</code> in learning.yaml some visitors
          stay on an older model, so that what the loop gains can be measured.
        </Empty>
      )}
      {enabled && (
        <p className="quiet">
          {percent(share)} of visitors stay on the production of {count(weeks)} weeks ago; as many
          on production are compared with them.
        </p>
      )}
      {now !== null && (
        <p data-testid="held-out-now">
          {now.week}:{' '}
          {now.model === null ? 'production answers them too' : <code>{now.model}</code>},{' '}
          {now.reason}
        </p>
      )}
      {split?.broken === true && (
        <p className="alarm">The two have unlike numbers of visitors: nothing can be concluded.</p>
      )}
      {counted.map((metric) => (
        <GainOverTime key={metric.metric} metric={metric.metric} weeks={metric.weeks} />
      ))}
    </div>
  );
}

/** Beyond a doubling an early week would leave the later ones no room. */
const WIDEST = 1;

function GainOverTime({ metric, weeks }: { metric: string; weeks: readonly GainWeek[] }) {
  const ends = weeks.flatMap(({ so_far }) => (so_far ? [so_far.lower, so_far.upper] : []));
  const range = rangeAroundZero(ends.map((end) => Math.max(-WIDEST, Math.min(WIDEST, end))));
  const fewerIsBetter = metric === 'error';
  return (
    <div className="stack" data-testid="gain-metric" data-metric={metric}>
      <h3>{words(metric)}</h3>
      {weeks.map((week) => (
        <div key={week.week} data-testid="gain-week" data-week={week.week}>
          <p>
            <strong>So far, {week.week}</strong> {gainText(week.so_far)}
          </p>
          {week.so_far !== null && (
            <Interval
              range={range}
              lower={week.so_far.lower}
              middle={week.so_far.estimate}
              upper={week.so_far.upper}
            />
          )}
          <p className="quiet">
            That week {percent(week.production?.rate)} of {count(week.production?.n)} on{' '}
            {week.production_models.join(', ')}, {percent(week.held_out?.rate)} of{' '}
            {count(week.held_out?.n)} on {week.held_out_models.join(', ')}
          </p>
        </div>
      ))}
      {ends.length > 0 && (
        <p className="key quiet">
          {fewerIsBetter ? '← better · production against held out · worse →' : null}
          {fewerIsBetter ? null : '← worse · production against held out · better →'}
        </p>
      )}
    </div>
  );
}
