/**
 * The two drawings of a metric as inline SVG: rates by stage, and the effect with its sequence against what is
 * tolerated. Shapes and line styles carry the meaning, so that they read without colour; each number drawn is
 * also written beside the drawing. Pure; labels are escaped here.
 */
import type {
  EffectAnalysis,
  MetricAnalysis,
  StageAnalysis,
} from '../../core/statistics/analysis.ts';
import * as say from '../../core/statistics/sentences.ts';
import { rateTextOf } from './experiment-view.ts';

const WIDTH = 360;
const EDGE = 12;
const ROW = 44;

export const escapeHtml = (text: string): string =>
  text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');

type Range = readonly [number, number];

function scale([from, to]: Range): (value: number) => number {
  const span = to - from || 1;
  return (value) => EDGE + ((value - from) / span) * (WIDTH - 2 * EDGE);
}

const px = (value: number): string => value.toFixed(1);

function padded(values: readonly number[], share: number): Range {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const room = (high - low || Math.abs(high) || 1) * share;
  return [low - room, high + room];
}

function svg(height: number, label: string, parts: readonly string[]): string {
  return `<svg viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${escapeHtml(label)}">${parts.join('')}</svg>`;
}

const text = (x: number, y: number, value: string, anchor = 'start', kind = '') =>
  `<text x="${px(x)}" y="${px(y)}" text-anchor="${anchor}"${kind ? ` class="${kind}"` : ''}>${escapeHtml(value)}</text>`;

const line = (x1: number, y1: number, x2: number, y2: number, kind: string) =>
  `<line x1="${px(x1)}" y1="${px(y1)}" x2="${px(x2)}" y2="${px(y2)}" class="${kind}"/>`;

const ring = (x: number, y: number) =>
  `<circle cx="${px(x)}" cy="${px(y)}" r="5" class="control"/>`;
const square = (x: number, y: number) =>
  `<rect x="${px(x - 5)}" y="${px(y - 5)}" width="10" height="10" class="treatment"/>`;

/** One row a stage: a ring for control and a square for treatment on one axis for all stages. */
export function stageChart(analysis: MetricAnalysis): string {
  const { metric, stages } = analysis;
  const rateText = rateTextOf(analysis);
  const x = scale(
    padded(
      stages.flatMap(({ control, treatment }) => [control.rate, treatment.rate]),
      0.12,
    ),
  );
  const rows = stages.map((stage, index) =>
    stageRow(stage, { x, rateText, top: 18 + index * ROW }),
  );
  return svg(10 + stages.length * ROW, `${metric}: control against treatment by stage`, rows);
}

interface Place {
  x: (value: number) => number;
  rateText: (rate: number) => string;
  top: number;
}

function stageRow(stage: StageAnalysis, { x, rateText, top }: Place): string {
  const [a, b] = [x(stage.control.rate), x(stage.treatment.rate)];
  const middle = top + 15;
  const told = `control ${rateText(stage.control.rate)}, treatment ${rateText(stage.treatment.rate)}`;
  return [
    text(EDGE, top, shortened(stage.stage), 'start', 'strong'),
    text(WIDTH - EDGE, top, told, 'end'),
    line(EDGE, middle, WIDTH - EDGE, middle, 'axis'),
    line(a, middle, b, middle, 'between'),
    ring(a, middle),
    square(b, middle),
  ].join('');
}

const shortened = (name: string) => (name.length > 16 ? `${name.slice(0, 15)}…` : name);

/** Beyond these an interval is cut and ends in an arrow: −80 % and +400 %, or a tenth on the difference. */
const WIDEST = { log_ratio: 1.61, difference: 0.1 } as const;

interface Mark {
  value: number;
  name: string;
  kind: string;
}

/** The sequence as a thick bar, the fixed-horizon interval as a thin one, zero and the limits as lines. */
export function effectChart(metric: MetricAnalysis, effect: EffectAnalysis): string {
  const { scale: unit, sequence, fixed } = effect;
  const marks = marksOf(metric);
  const needed = [0, sequence.estimate, ...marks.map(({ value }) => value)];
  const [least, most] = [Math.min(...needed), Math.max(...needed)];
  const range = padded(
    [
      Math.max(sequence.lower, Math.min(least, -WIDEST[unit])),
      Math.min(sequence.upper, Math.max(most, WIDEST[unit])),
      ...needed,
    ],
    0.06,
  );
  const x = scale(range);
  const drawn = [
    ...marks.map((mark, index) => line(x(mark.value), 8, x(mark.value), footOf(index), mark.kind)),
    line(x(0), 8, x(0), 74, 'zero'),
    ...marks.map((mark, index) => limitName(mark, x(mark.value), unit, index)),
    text(x(0), 86, 'no effect', anchorAt(x(0))),
    ...bar([sequence.lower, sequence.upper], range, x, 30, 'sequence'),
    ...bar(fixed.interval, range, x, 52, 'fixed'),
    square(x(sequence.estimate), 30),
  ];
  return svg(92 + marks.length * 15, `${metric.metric}: effect of treatment`, drawn);
}

function marksOf({ limits }: MetricAnalysis): Mark[] {
  if (limits === null) return [];
  const marks: Mark[] = [];
  if (limits.tolerated !== 0) {
    marks.push({ value: limits.tolerated, name: 'tolerated', kind: 'tolerated' });
  }
  if (limits.ceiling !== null)
    marks.push({ value: limits.ceiling, name: 'ceiling', kind: 'ceiling' });
  return marks;
}

/** Where the line of a limit ends and its name begins; each one lower, so that names never collide. */
const footOf = (index: number) => 74 + (index + 1) * 15;

const limitName = (
  { value, name }: Mark,
  at: number,
  unit: EffectAnalysis['scale'],
  index: number,
) => text(at, footOf(index) + 12, `${name} ${say.effect(unit, value)}`, anchorAt(at));

const anchorAt = (x: number): string => {
  if (x > WIDTH * 0.7) return 'end';
  return x < WIDTH * 0.3 ? 'start' : 'middle';
};

function bar(
  [lower, upper]: Range,
  [from, to]: Range,
  x: (value: number) => number,
  y: number,
  kind: string,
): string[] {
  const [left, right] = [x(Math.max(lower, from)), x(Math.min(upper, to))];
  const end = (at: number, isCut: boolean, direction: 1 | -1) =>
    isCut
      ? `<path d="M${px(at - direction * 7)} ${y - 5}L${px(at)} ${y}L${px(at - direction * 7)} ${y + 5}" class="${kind} cut"/>`
      : line(at, y - 6, at, y + 6, kind);
  return [line(left, y, right, y, kind), end(left, lower < from, -1), end(right, upper > to, 1)];
}
