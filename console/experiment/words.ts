// An experiment's numbers and states in words. Pure; used by the list and by the page of one experiment.
import type {
  ArmAtStage,
  Experiment,
  ExperimentSummary,
  Metric,
  Scale,
} from '../api/experiment-schema.ts';
import { count, DASH, percent, words } from '../format.ts';

const NAMES: Readonly<Record<string, string>> = {
  thumbs_up: 'Thumbs up',
  error: 'Errors',
  slow_first_token: 'Slow first token',
  slow_output_token: 'Slow output',
  hallucination: 'Hallucination',
};
const OF: Readonly<Record<string, string>> = {
  thumbs_up: 'of all thumbs',
  error: "of answers, of the model's own making",
  slow_first_token: 'of answers begin later than most in control',
  slow_output_token: 'of answers come slower than most in control',
  hallucination: 'of judged answers',
};

export const metricName = (metric: string): string => NAMES[metric] ?? words(metric);
export const metricOf = (metric: string): string => OF[metric] ?? '';

const three = new Intl.NumberFormat('en-GB', { maximumSignificantDigits: 3 });

/** 0.0084 as "0.84 %": as many digits as the data carry. */
export const rate = (value: number): string => `${three.format(value * 100)} %`;

const oneDecimal = new Intl.NumberFormat('en-GB', { maximumFractionDigits: 1 });
const MOST_CHANGE = 9.99;

/** "+7.9 %" of a ratio, "−0.4 points" of a difference; a real minus. */
export function change(scale: Scale, value: number): string {
  if (scale === 'ratio' && value > MOST_CHANGE) return 'over +999 %';
  const number = (scale === 'ratio' ? oneDecimal : three).format(Math.abs(value) * 100);
  const sign = Number(number) === 0 ? '' : value < 0 ? '−' : '+';
  return `${sign}${number}${scale === 'ratio' ? ' %' : ' points'}`;
}

export interface Range {
  scale: Scale;
  lower: number;
  upper: number;
}

export function changeRange({ scale, lower, upper }: Range): string {
  return `between ${change(scale, lower)} and ${change(scale, upper)}`;
}

export interface Told {
  /** Says the same without colour. */
  mark: string;
  says: string;
  tone: 'good' | 'calm' | 'yours' | 'alarm';
}

export function verdictOf({ verdict, improved }: Metric): Told {
  if (verdict.result === 'fail') return { mark: '✕', says: 'Harm is proven', tone: 'alarm' };
  if (verdict.amber) return { mark: '▲', says: 'Looks harmed, not proven', tone: 'yours' };
  if (verdict.result === 'error') return { mark: '?', says: 'Cannot be judged', tone: 'alarm' };
  if (verdict.result !== 'pass') return { mark: '…', says: 'Not enough data yet', tone: 'calm' };
  if (improved === true) return { mark: '✓', says: 'Better, established', tone: 'good' };
  return { mark: '✓', says: 'No evidence of harm', tone: 'calm' };
}

const STATES: Readonly<Record<string, Told>> = {
  planned: { mark: '○', says: 'planned, waits for your start', tone: 'yours' },
  queued: { mark: '…', says: 'in line', tone: 'calm' },
  running: { mark: '●', says: 'running', tone: 'good' },
  waiting: { mark: '◆', says: 'waits for your approval', tone: 'yours' },
  paused: { mark: '‖', says: 'paused', tone: 'calm' },
  frozen: { mark: '▲', says: 'frozen', tone: 'alarm' },
  promoted: { mark: '✓', says: 'promoted to everyone', tone: 'good' },
  rolled_back: { mark: '✕', says: 'rolled back', tone: 'alarm' },
  inconclusive: { mark: '–', says: 'ended without a verdict', tone: 'calm' },
  rejected: { mark: '✕', says: 'rejected', tone: 'calm' },
  stopped: { mark: '–', says: 'stopped', tone: 'calm' },
};

export function statusOf({ status, outcome, place }: ExperimentSummary): Told {
  const name = outcome ?? status;
  const known = STATES[name] ?? { mark: '–', says: words(name), tone: 'calm' };
  if (status !== 'queued' || typeof place !== 'number') return known;
  return { ...known, says: `in line, number ${place}` };
}

export interface Groups {
  running: ExperimentSummary[];
  waiting: ExperimentSummary[];
  ended: ExperimentSummary[];
}

/** On traffic; in the order in which they wait; over, the newest first. */
export function groupsOf(all: readonly ExperimentSummary[]): Groups {
  const isWaiting = ({ status }: ExperimentSummary) => status === 'queued' || status === 'planned';
  const isEnded = ({ status }: ExperimentSummary) => status === 'ended';
  const turn = ({ place }: ExperimentSummary) => place ?? Number.POSITIVE_INFINITY;
  return {
    running: all.filter((one) => !isWaiting(one) && !isEnded(one)),
    waiting: all.filter(isWaiting).toSorted((a, b) => compare(turn(a), turn(b))),
    ended: all.filter(isEnded),
  };
}

const compare = (a: number, b: number) => (a === b ? 0 : a - b);

export interface Step {
  share: string;
  state: 'done' | 'now' | 'ahead';
}

/** The way up, with where it stands; one that is over stands nowhere, or at everyone. */
export function stepsOf(
  one: Pick<Experiment, 'policy' | 'state' | 'outcome' | 'evidence'>,
): Step[] {
  const shares = [...one.policy.shares.map(percent), 'everyone'];
  const last = shares.length - 1;
  const now = one.outcome === 'promoted' ? last : (one.state.progress?.stage ?? null);
  const reached = now ?? lastMeasured(one);
  return shares.map((share, index) => {
    if (index > reached) return { share, state: 'ahead' };
    return { share, state: index === now ? 'now' : 'done' };
  });
}

/** The furthest step at which both arms were heard of; −1 for none. */
function lastMeasured({ policy, evidence }: Pick<Experiment, 'policy' | 'evidence'>): number {
  const stages = evidence?.metrics.flatMap((metric) => metric.stages) ?? [];
  const measured = new Set(stages.map(({ share }) => share));
  return policy.shares.findLastIndex((share) => measured.has(share));
}

/** Beyond this nobody waits for them. */
const MOST_NEEDED = 10_000_000;

export function neededText(more: number | null): string {
  if (more === null) return 'cannot be said yet';
  if (more > MOST_NEEDED) return 'more than will ever come; the arms look alike here';
  if (more <= 0) return 'none: a difference of this size is told from chance';
  return `about ${count(more)} more, if the difference stays as it is`;
}

export interface FeedbackAtStage {
  share: number;
  control: number | null;
  treatment: number | null;
}

/** Thumbs for each answer, by stage: who gives feedback may differ from stage to stage. */
export function feedbackByStage(metrics: readonly Metric[]): FeedbackAtStage[] {
  const stagesOf = (name: string) => metrics.find(({ metric }) => metric === name)?.stages ?? [];
  const thumbs = new Map(stagesOf('thumbs_up').map((stage) => [stage.share, stage]));
  return stagesOf('error').map((answers) => {
    const votes = thumbs.get(answers.share);
    const per = (given: ArmAtStage | undefined, all: ArmAtStage) =>
      given === undefined || all.n <= 0 ? null : given.n / all.n;
    return {
      share: answers.share,
      control: per(votes?.control, answers.control),
      treatment: per(votes?.treatment, answers.treatment),
    };
  });
}

/** Milliseconds as people read them: "0.42 s", and "31 ms" below a tenth of a second. */
export const seconds = (ms: number): string =>
  ms < 100 ? `${Number(ms.toPrecision(2))} ms` : `${Number((ms / 1000).toPrecision(3))} s`;

export const rateOrDash = (value: number | null): string => (value === null ? DASH : rate(value));

/** What the reasons of the engine begin with in its lists, for a sentence of its own. */
export const sentence = (text: string): string =>
  `${text.charAt(0).toUpperCase()}${text.slice(1)}${/[.!?]$/.test(text) ? '' : '.'}`;
