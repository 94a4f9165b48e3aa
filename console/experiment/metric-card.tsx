// One metric of an experiment: the verdict, the difference over time, both arms by stage, and how many
// visitors are still needed. Nothing is pooled over stages.
import type { Look, Metric } from '../api/experiment-schema.ts';
import { SequenceChart } from '../charts/sequence-chart.tsx';
import { StageTable } from '../charts/stage-table.tsx';
import {
  change,
  changeRange,
  metricName,
  metricOf,
  neededText,
  sentence,
  verdictOf,
} from './words.ts';

interface Props {
  metric: Metric;
  looks: readonly Look[];
}

export function MetricCard({ metric, looks }: Props) {
  const { effect, limits, stages } = metric;
  const name = metricName(metric.metric);
  const told = verdictOf(metric);
  return (
    <li className="card-like metric" data-testid={`metric-${metric.metric}`}>
      <header>
        <h3>
          {name} <span className="quiet">{metricOf(metric.metric)}</span>
        </h3>
        <span className={`told ${told.tone}`}>
          <span aria-hidden="true">{told.mark}</span> {told.says}
        </span>
      </header>
      {effect !== null && (
        <p className="difference">
          <strong>{change(effect.scale, effect.estimate)}</strong> {changeRange(effect)}
        </p>
      )}
      {effect !== null && (
        <SequenceChart
          looks={looks}
          harmIs={metric.harm_is ?? (metric.metric === 'thumbs_up' ? 'less' : 'more')}
          ceiling={limits?.ceiling ?? null}
          name={name}
        />
      )}
      {stages.length > 0 && <StageTable stages={stages} name={name} />}
      <p className="quiet">{sentence(metric.improvement ?? metric.verdict.reason)}</p>
      <p className="quiet">Visitors still needed: {neededText(metric.more_users)}.</p>
    </li>
  );
}

export function WaivedCard({ metric }: { metric: string }) {
  return (
    <li className="card-like metric waived" data-testid={`metric-${metric}`}>
      <header>
        <h3>{metricName(metric)}</h3>
        <span className="told calm">
          <span aria-hidden="true">∅</span> Waived
        </span>
      </header>
      <p className="quiet">
        It is not measured here, so it guards nothing: nothing is known of it, neither good nor bad.
      </p>
    </li>
  );
}
