// What an experiment could find out, before it starts: the first share, what promotes, and the smallest
// change that would be known by when. Used by the start form and by the page of one experiment.
import type { Plan } from '../api/experiment-schema.ts';
import { count, DASH, percent, words } from '../format.ts';
import { metricName, rateOrDash, sentence } from './words.ts';

/** A change as large as this is none that anybody waits for. */
const LARGEST = 9.99;
const known = (lift: number | null) => {
  if (lift === null) return DASH;
  return lift > LARGEST ? '> 999 %' : percent(lift);
};

export function PlanView({ plan }: { plan: Plan }) {
  const { traffic } = plan;
  const days = plan.metrics[0]?.known.map((one) => one.days) ?? [];
  return (
    <div className="plan stack" data-testid="plan">
      <dl className="facts">
        <div>
          <dt>First share</dt>
          <dd>
            {percent(plan.first_share)}
            {plan.slice < 1 && ` of a slice of ${percent(plan.slice)}`}:{' '}
            {sentence(plan.first_share_reason)}
          </dd>
        </div>
        <div>
          <dt>Promoted on: {words(plan.promote_on)}</dt>
          <dd>{plan.promise}</dd>
        </div>
        <div>
          <dt>Traffic</dt>
          <dd>
            {traffic === null
              ? 'Nothing was recorded in the last two weeks to plan with.'
              : `${count(traffic.visitors_per_day)} visitors a day, ${count(traffic.new_visitors_per_day)} of them new, ${count(traffic.answers_per_day)} answers.`}
          </dd>
        </div>
        {plan.waived.length > 0 && (
          <div>
            <dt>Waived, because not measured</dt>
            <dd>{plan.waived.map(metricName).join(', ')}</dd>
          </div>
        )}
      </dl>
      {traffic !== null && (
        <table className="numbers-table tight">
          <caption>The smallest change that would be known by then, four times in five</caption>
          <thead>
            <tr>
              <th scope="col">metric</th>
              <th scope="col">rate</th>
              {days.map((one) => (
                <th key={one} scope="col">
                  {one === 1 ? '24 h' : `${one} d`}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {plan.metrics.map((metric) => (
              <tr key={metric.metric}>
                <th scope="row">{metricName(metric.metric)}</th>
                <td>{rateOrDash(metric.rate)}</td>
                {metric.known.map(({ days: by, lift }) => (
                  <td key={by}>{known(lift)}</td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </div>
  );
}
