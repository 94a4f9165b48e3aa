// What GET /metrics shows, and its text (Prometheus text format 0.0.4). Called by workers/metrics
// with numbers from the record; it must not read anything itself. Bucket bounds here and in the
// migration that counts must agree; test/workerd/metrics.test.ts holds them together.

export type Labels = Readonly<Record<string, string>>;

export interface Sample {
  /** The family, or its `_bucket` (a count of its own, not of what lies below), `_sum`, `_count`. */
  metric: string;
  labels: Labels;
  value: number;
}

interface Family {
  name: string;
  help: string;
  type: 'counter' | 'gauge' | 'histogram';
  /** Upper bounds of a histogram, ascending, without +Inf. */
  bounds?: readonly number[];
}

const FIRST_TOKEN_SECONDS = [0.05, 0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30] as const;
const OUTPUT_TOKEN_SECONDS = [0.005, 0.01, 0.02, 0.035, 0.05, 0.075, 0.1, 0.2, 0.5, 1] as const;

export const FAMILIES: readonly Family[] = [
  {
    name: 'feedback_events_total',
    help: 'Feedback events recorded, by type and by who sent them (visitor, api_key, operator).',
    type: 'counter',
  },
  {
    name: 'feedback_score_distribution',
    help: 'Values of explicit feedback, from -1 to 1.',
    type: 'histogram',
    bounds: [-1, -0.5, 0, 0.5, 1],
  },
  {
    name: 'feedback_capture_rate',
    help: 'Share of the last day\u2019s answers (the newest 10000 at most) that have explicit feedback.',
    type: 'gauge',
  },
  {
    name: 'answers_total',
    help: 'Answers recorded, by the model version that served and how they ended.',
    type: 'counter',
  },
  {
    name: 'answer_errors_total',
    help: 'Answers that failed or broke off, by model version and cause.',
    type: 'counter',
  },
  {
    name: 'answer_first_token_seconds',
    help: 'Time from the question to the first piece of its answer.',
    type: 'histogram',
    bounds: FIRST_TOKEN_SECONDS,
  },
  {
    name: 'answer_output_token_seconds',
    help: 'Time for each token after the first, averaged over a complete answer.',
    type: 'histogram',
    bounds: OUTPUT_TOKEN_SECONDS,
  },
  {
    name: 'training_jobs_total',
    help: 'Training jobs that ended, by how.',
    type: 'counter',
  },
];

/** All samples as text. A sample of no known family is a fault in the caller and throws. */
export function exposition(samples: readonly Sample[]): string {
  const lines: string[] = [];
  const left = new Set(samples);
  for (const family of FAMILIES) {
    const own = samples.filter(({ metric }) => namesOf(family).includes(metric));
    for (const sample of own) left.delete(sample);
    lines.push(`# HELP ${family.name} ${escapeHelp(family.help)}`);
    lines.push(`# TYPE ${family.name} ${family.type}`);
    lines.push(...(family.bounds ? histogram(family, family.bounds, own) : own.map(plain)));
  }
  const [unknown] = left;
  if (unknown) throw new RangeError(`no metric family is named ${unknown.metric}`);
  return `${lines.join('\n')}\n`;
}

const namesOf = ({ name, type }: Family): string[] =>
  type === 'histogram' ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [name];

const plain = ({ metric, labels, value }: Sample) => line(metric, labels, value);

/** Every bound of every series, cumulative and ending in +Inf, as the format wants it. */
function histogram(family: Family, bounds: readonly number[], own: readonly Sample[]): string[] {
  const series = new Map<string, { labels: Labels; samples: Sample[] }>();
  for (const sample of own) {
    const { le: _, ...labels } = sample.labels;
    const key = JSON.stringify(Object.entries(labels).toSorted());
    const known = series.get(key);
    if (known) known.samples.push(sample);
    else series.set(key, { labels, samples: [sample] });
  }
  return [...series.values()].flatMap(({ labels, samples }) => {
    const total = (suffix: string, within: (le: number) => boolean = () => true) =>
      samples
        .filter(({ metric }) => metric === `${family.name}${suffix}`)
        .filter((sample) => within(Number(sample.labels.le?.replace('+Inf', 'Infinity'))))
        .reduce((sum, { value }) => sum + value, 0);
    const count = total('_bucket');
    return [
      ...bounds.map((bound) => {
        const below = total('_bucket', (le) => le <= bound);
        return line(`${family.name}_bucket`, { ...labels, le: String(bound) }, below);
      }),
      line(`${family.name}_bucket`, { ...labels, le: '+Inf' }, count),
      line(`${family.name}_sum`, labels, total('_sum')),
      line(`${family.name}_count`, labels, count),
    ];
  });
}

function line(name: string, labels: Labels, value: number): string {
  const pairs = Object.entries(labels).map(([key, text]) => `${key}="${escapeLabel(text)}"`);
  return `${name}${pairs.length === 0 ? '' : `{${pairs.join(',')}}`} ${number(value)}`;
}

const number = (value: number) =>
  Number.isFinite(value)
    ? String(value)
    : Number.isNaN(value)
      ? 'NaN'
      : value > 0
        ? '+Inf'
        : '-Inf';

const escapeHelp = (text: string) => text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
const escapeLabel = (text: string) => escapeHelp(text).replaceAll('"', '\\"');
