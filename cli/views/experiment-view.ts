/**
 * An analysed experiment for people: per metric the arms by stage, the effect and the verdict. Pure.
 * `numbers` is shared with the drawn page, so that both say the same words.
 */
import type { MetricAnalysis, StageAnalysis } from '../../core/statistics/analysis.ts';
import * as say from '../../core/statistics/sentences.ts';
import type { ExperimentAnalysis } from '../experiment-analysis.ts';
import { facts, number, page, percent, section, table } from '../layout.ts';

const decimals = new Intl.NumberFormat('en-US', { maximumSignificantDigits: 3 });

/** How a metric's rates are written: in percent where events are a share of exposures, else as means. */
export function rateTextOf({ stages }: MetricAnalysis): (rate: number) => string {
  const isShare = stages.every((stage) => isBelow(stage));
  return (rate) => (isShare ? say.rate(rate) : decimals.format(rate));
}

const isBelow = ({ control, treatment }: StageAnalysis) =>
  control.y <= control.n && treatment.y <= treatment.n;

export function pText(p: number): string {
  if (p >= 1) return '1';
  return p < 0.0001 ? 'below 0.0001' : p.toFixed(4);
}

export const VERDICTS = {
  pass: 'no evidence of harm',
  fail: 'harmed: would be rolled back',
  inconclusive: 'not enough to say',
  error: 'cannot be computed',
} as const;

export function verdictText({ verdict }: MetricAnalysis): string {
  if (verdict === null) return 'shown, not judged: no rule for this metric';
  return verdict.amber ? 'amber: looks harmed, not proven' : VERDICTS[verdict.result];
}

/** The effect in one sentence, or why there is none. */
export function effectText({ effect }: MetricAnalysis): string {
  if (effect.kind === 'not_enough') return effect.reason;
  const { scale, sequence } = effect;
  const at = (value: number) => say.effect(scale, value);
  return `${at(sequence.estimate)}, between ${at(sequence.lower)} and ${at(sequence.upper)} at every look (95 %)`;
}

export function fixedText({ effect }: MetricAnalysis): string | null {
  if (effect.kind === 'not_enough') return null;
  const [lower, upper] = effect.fixed.interval.map((value) => say.effect(effect.scale, value));
  return `between ${lower} and ${upper}, p ${pText(effect.fixed.p)}, if this was the only look`;
}

export function moreText({ moreUsers }: MetricAnalysis): string | null {
  if (moreUsers === null) return null;
  if (moreUsers === 0) return 'none';
  return `some ${number(moreUsers)}, if the effect seen is the true one`;
}

const stageRow = (stage: StageAnalysis, rateText: (rate: number) => string) => [
  stage.stage,
  percent(stage.weight),
  stage.control.users,
  rateText(stage.control.rate),
  stage.treatment.users,
  rateText(stage.treatment.rate),
  stage.asIfIndependent?.cohenD ?? null,
];

function metricSection(metric: MetricAnalysis): string {
  const rateText = rateTextOf(metric);
  const stages = table(
    [
      { title: 'stage' },
      { title: 'weight', right: true },
      { title: 'control users', right: true },
      { title: 'control', right: true },
      { title: 'treatment users', right: true },
      { title: 'treatment', right: true },
      { title: "Cohen's d", right: true },
    ],
    metric.stages.map((stage) => stageRow(stage, rateText)),
    'no stage has both arms',
  );
  const p = metric.effect.kind === 'effect' ? pText(metric.effect.sequence.p) : null;
  const told = facts([
    ['effect', effectText(metric)],
    ['p at every look', p],
    ['one look', fixedText(metric)],
    ['users needed', moreText(metric)],
    ['verdict', verdictText(metric)],
    ...(metric.verdict ? [['why', metric.verdict.reason] as const] : []),
    ...(metric.improvement ? [['improvement', metric.improvement.reason] as const] : []),
  ]);
  return section(metric.metric, `${indented(stages)}\n${told}`);
}

const indented = (text: string) => text.replaceAll(/^/gm, '  ');

export const leftOutText = ({ leftOut }: ExperimentAnalysis): string =>
  leftOut === 0 ? 'nobody' : `${number(leftOut)} seen in both arms of one stage`;

export function ratioText({ sampleRatio }: ExperimentAnalysis): string {
  if (sampleRatio === null) return 'not checked: give the configured shares with --split';
  if (sampleRatio.kind === 'not_enough') return sampleRatio.reason;
  const { treatment, total, expected, p, broken } = sampleRatio;
  const counted = `${number(treatment)} of ${number(total)} first appearances in treatment, ${number(Math.round(expected))} expected, p ${pText(p)} at every look`;
  return broken ? `BROKEN, conclude nothing: ${counted}` : `as configured: ${counted}`;
}

export function experimentPage(analysis: ExperimentAnalysis): string {
  const read = facts([
    ['rows', analysis.rows],
    ['visitors', analysis.visitors],
    ['left out', leftOutText(analysis)],
    ['split', ratioText(analysis)],
  ]);
  return page(section('Experiment', read), ...analysis.metrics.map(metricSection));
}
