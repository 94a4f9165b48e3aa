/**
 * Experiments on live traffic as people read them: the plan, the list, and where one stands. Control and
 * treatment are shown by stage and never pooled. Pure.
 */
import type {
  Experiment,
  ExperimentPlan,
  ExperimentSummary,
  Judge,
} from '../experiment-schemas.ts';
import { facts, instant, minute, number, page, percent, section, table } from '../layout.ts';

export const plain = (word: string) => word.replaceAll('_', ' ');
const signed = new Intl.NumberFormat('en-US', {
  maximumFractionDigits: 1,
  signDisplay: 'exceptZero',
});
const change = (share: number) => `${signed.format(share * 100)} %`;

/** A relative change in percent, or a difference of rates in points. */
export const shownEffect = (scale: string, value: number): string =>
  scale === 'difference' ? `${signed.format(value * 100)} points` : change(value);

export function experimentListPage(rows: readonly ExperimentSummary[]): string {
  return table(
    [
      { title: 'experiment', max: 40 },
      { title: 'kind' },
      { title: 'what is tried' },
      { title: 'status' },
      { title: 'share', right: true },
      { title: 'next look (UTC)' },
      { title: 'why', max: 90 },
    ],
    rows.map((row) => [
      row.id,
      row.kind,
      row.model_id,
      plain(row.outcome ?? row.status),
      percent(row.share),
      minute(row.next_look_at),
      row.reason,
    ]),
    'There was no experiment yet.',
  );
}

/** Beside every number of hallucination: whose it is, and how far to be trusted. */
export const judgeFacts = (judge: Judge | null | undefined): [string, string][] => [
  ['judge', judge?.says.join('\n') ?? 'nobody yet: hallucination is not measured'],
];

export function planPage(plan: ExperimentPlan, judge: Judge | null | undefined): string {
  const { traffic } = plan;
  const days = plan.metrics[0]?.known.map((one) => one.days) ?? [];
  return page(
    section(
      'Plan',
      facts([
        ['first share', `${percent(plan.first_share)}: ${plan.first_share_reason}`],
        ['slice', plan.slice === 1 ? 'everyone' : `${percent(plan.slice)} of all visitors`],
        ['promoted on', plain(plan.promote_on)],
        ['which means', plan.promise],
        ['not measured', plan.waived.length === 0 ? 'nothing' : plan.waived.map(plain).join(', ')],
        ...judgeFacts(judge),
      ]),
    ),
    traffic === null
      ? 'There was no traffic in the last two weeks to plan with.'
      : section(
          `Traffic of the last ${number(traffic.days)} days`,
          facts([
            ['visitors a day', traffic.visitors_per_day],
            ['of them new', traffic.new_visitors_per_day],
            ['answers a day', traffic.answers_per_day],
          ]),
        ),
    section(
      'Smallest change that would be known by then (80 % power)',
      table(
        [
          { title: 'metric' },
          { title: 'rate', right: true },
          ...days.map((day) => ({ title: day === 1 ? '24 h' : `${day} d`, right: true })),
        ],
        plan.metrics.map(({ metric, rate, known }) => [
          plain(metric),
          percent(rate),
          ...known.map(({ lift }) => percent(lift)),
        ]),
        'Nothing is measured.',
      ),
    ),
  );
}

export function rolloutPage(one: Experiment): string {
  const { policy } = one;
  const shares = [...policy.shares.map((share) => percent(share)), 'everyone'].join(' → ');
  return page(
    section(
      `Experiment ${one.id}`,
      facts([
        ['tries', one.kind === 'settings' ? 'settings, the same model in both arms' : 'a model'],
        ['treatment', one.arms?.treatment.description ?? one.model_id],
        ['control', one.arms?.control.description ?? 'production'],
        ['status', plain(one.outcome ?? one.status)],
        ['share', percent(one.share)],
        ['why', one.reason],
        ['next look', instant(one.next_look_at)],
        ['steps', shares],
        [
          'each',
          `${number(policy.stage_hours)} h and ${number(policy.stage_users)} visitors an arm; ${policy.auto_advance ? 'goes up by itself' : 'waits for an approval'}`,
        ],
        ['promoted on', `${plain(one.promote_on)}. ${one.plan.promise}`],
        ['longest', `${number(policy.maximum_days)} days of running time`],
        ['at proven harm', policy.on_harm === 'roll_back' ? 'rolled back' : 'alerts and holds'],
      ]),
    ),
    evidenceText(one),
    section(
      'History',
      table(
        [
          { title: 'row', right: true },
          { title: 'at (UTC)' },
          { title: 'who', max: 32 },
          { title: 'what', max: 100 },
          { title: 'why', max: 80 },
        ],
        one.history.map((row) => [row.seq, minute(row.at), row.who, row.summary, row.reason]),
        'Nothing was written down yet.',
      ),
    ),
  );
}

function evidenceText({ evidence, judge, status }: Experiment): string {
  if (evidence === null) return 'No answer was counted yet.';
  const { users, feedback_rate: feedback, offline } = evidence;
  const waived = evidence.waived.map(plain).join(', ');
  return page(
    section(
      'Evidence',
      facts([
        [
          'visitors',
          `${number(users.treatment)} in treatment, ${number(users.control)} in control`,
        ],
        [
          'give feedback',
          `${percent(feedback.treatment)} in treatment, ${percent(feedback.control)} in control`,
        ],
        ['split', evidence.split],
        // Both are of this moment, and say nothing of a rollout that is over.
        ...(status === 'ended'
          ? []
          : ([
              ['data', evidence.data],
              ['offline', offline === null ? 'no comparison' : offline.reason],
            ] satisfies [string, string][])),
        ['not measured', waived === '' ? 'nothing' : waived],
        ...judgeFacts(judge),
        ...evidence.metrics.map(({ metric, verdict, improvement }): [string, string] => [
          plain(metric),
          improvement ?? verdict.reason,
        ]),
      ]),
    ),
    section('Treatment against control, 95 % at every look', effectTable(evidence.metrics)),
    section('By stage', stageTable(evidence.metrics)),
    section('How long answers took: p50, p95, p99', latencyTable(evidence.latencies)),
  );
}

type Metrics = NonNullable<Experiment['evidence']>['metrics'];

function effectTable(metrics: Metrics): string {
  return table(
    [
      { title: 'metric' },
      { title: 'change', right: true },
      { title: 'from', right: true },
      { title: 'to', right: true },
      { title: 'users still needed', right: true },
    ],
    metrics.map(({ metric, effect, more_users }) => {
      const shown = (value: 'estimate' | 'lower' | 'upper') =>
        effect && shownEffect(effect.scale, effect[value]);
      return [plain(metric), shown('estimate'), shown('lower'), shown('upper'), more_users];
    }),
    'Nothing is measured.',
  );
}

function stageTable(metrics: Metrics): string {
  return table(
    [
      { title: 'metric' },
      { title: 'share', right: true },
      { title: 'control', right: true },
      { title: 'of', right: true },
      { title: 'treatment', right: true },
      { title: 'of', right: true },
    ],
    metrics.flatMap(({ metric, stages }) =>
      stages.map(({ share, control, treatment }) => [
        plain(metric),
        percent(share),
        percent(control.rate),
        control.n,
        percent(treatment.rate),
        treatment.n,
      ]),
    ),
    'No stage has both arms yet.',
  );
}

type Evidence = NonNullable<Experiment['evidence']>;
type Percentiles = Evidence['latencies'][number]['stages'][number]['control'];

const LATENCY_NAMES: Readonly<Record<string, string>> = {
  first_token: 'first token',
  output_token: 'each further token',
  total: 'in all (decides nothing)',
};

function latencyTable(latencies: Evidence['latencies']): string {
  const shown = (of: Percentiles) =>
    of && [of.p50_ms, of.p95_ms, of.p99_ms].map((ms) => Math.round(ms)).join(', ');
  return table(
    [
      { title: 'ms' },
      { title: 'share', right: true },
      { title: 'control', right: true },
      { title: 'treatment', right: true },
    ],
    latencies.flatMap(({ latency, stages }) =>
      stages.map(({ share, control, treatment }) => [
        LATENCY_NAMES[latency] ?? plain(latency),
        percent(share),
        shown(control),
        shown(treatment),
      ]),
    ),
    'No answer was timed yet.',
  );
}
