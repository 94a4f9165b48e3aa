// What operators are told, and how it reads: an event of the loop becomes one notice, whatever channel
// carries it. Pure. A new kind of message is a member of `NotificationEvent` and an arm of `noticeOf`.
// Which shape Slack and PagerDuty want is in adapters/notify/.

import { isSettingsId } from './answer-settings.ts';

export interface DigestNumbers {
  answers: number;
  thumbsUp: number;
  thumbsDown: number;
  ratings: number;
  corrections: number;
  datasets: { id: string; status: string }[];
  models: { id: string; status: string }[];
  /** With its settings, where they are not the built-in ones. */
  production: string;
  /** Those that are not over. */
  experiments: { id: string; candidate: string; status: string }[];
  waiting: { reviews: number; jobs: number; models: string[] };
}

interface ModelVerdict {
  modelId: string;
  datasetId: string;
  jobId: string;
  reason: string;
}

export type NotificationEvent =
  /** `startsItself`: its experiment was made with it. */
  | ({ kind: 'candidate_accepted'; startsItself: boolean } & ModelVerdict)
  | ({ kind: 'candidate_refused' } & ModelVerdict)
  | {
      kind: 'training_failed';
      jobId: string;
      modelId: string;
      datasetId: string;
      attempt: number;
      code: string;
      message: string;
    }
  | {
      kind: 'route_changed';
      version: number;
      action: string;
      summary: string;
      reason: string;
      who: string;
      at: Date;
    }
  | ({ kind: 'experiment' } & ExperimentNews)
  | ({ kind: 'agent_silent' } & Silence)
  | { kind: 'agent_back'; incident: string; because: string }
  | { kind: 'digest'; week: string; numbers: DigestNumbers }
  | { kind: 'test'; id: string; who: string }
  | { kind: 'test_over'; id: string };

/** One step of an experiment, as far as it concerns an operator. */
export interface ExperimentNews {
  id: string;
  step: number;
  urgency: 'info' | 'action' | 'alarm' | 'over';
  candidate: string;
  /** Where it stands, or how it ended. */
  phase: string;
  reason: string;
  who: string;
  /** An operator's words, where one took the step. */
  why: string | null;
  at: Date;
  nextLookAt: Date | null;
}

export interface Silence {
  lastSeen: Date | null;
  minutes: number;
  waiting: WaitingJob;
}

export interface WaitingJob {
  jobId: string;
  modelId: string;
  since: Date;
}

export type NotificationKind = NotificationEvent['kind'];

/** An alert that wakes somebody, until it is resolved under the same key. */
export type Page =
  | { action: 'trigger'; dedupKey: string; severity: 'critical' | 'error' | 'warning' | 'info' }
  | { action: 'resolve'; dedupKey: string };

export interface Notice {
  /** Idempotency: what happened, once. */
  key: string;
  /** Notices of one subject are delivered in their order. */
  subject: string;
  title: string;
  text: string;
  facts: readonly (readonly [label: string, value: string])[];
  /** What of the console to look at: the fragment of its address. */
  section: ConsoleSection | `experiment=${string}`;
  /** Null: it wakes nobody. */
  page: Page | null;
  /** False: it is for PagerDuty alone. */
  chat: boolean;
}

export type ConsoleSection = 'route' | 'training' | 'models' | 'reviews' | 'datasets';

const ROUTE_WORDS: ReadonlyMap<string, string> = new Map([
  ['start', 'Route started'],
  ['share', 'Route grown'],
  ['promote', 'Promoted'],
  ['rollback', 'Rolled back'],
  ['rest_holdout', 'Held-out model rests'],
]);

/** What stands before a text that has none. */
const orNone = (text: string) => (text.trim() === '' ? 'no reason given' : text);

/** One silence while one job waits: told once, however often it is noticed. */
export const agentIncident = ({ lastSeen, waiting }: Silence): string =>
  `agent:${lastSeen?.toISOString() ?? 'never'}:${waiting.jobId}`;

/** Undefined while the agent is well, or nothing waits for it long enough to call it dead. */
export function silenceOf(
  lastSeen: Date | null,
  waiting: WaitingJob | undefined,
  { minutes, nowMs }: { minutes: number; nowMs: number },
): Silence | undefined {
  if (waiting === undefined) return undefined;
  const since = Math.max(lastSeen?.getTime() ?? 0, waiting.since.getTime());
  return nowMs - since < minutes * 60_000 ? undefined : { lastSeen, minutes, waiting };
}

export function noticeOf(event: NotificationEvent): Notice {
  switch (event.kind) {
    case 'candidate_accepted':
      return event.startsItself
        ? {
            ...verdictNotice(event),
            title: `Model ${event.modelId} passed the gate and is tried next`,
            text: 'Its experiment starts by itself as soon as visitors are free (automation.auto_experiment).',
          }
        : {
            ...verdictNotice(event),
            title: `Model ${event.modelId} passed the gate and waits for you`,
            text: 'Nothing is live yet: read its measurements, then start it for a share of visitors.',
          };
    case 'candidate_refused':
      return {
        ...verdictNotice(event),
        title: `Model ${event.modelId} was refused by the gate`,
        text: 'Production stays as it is; nothing needs to be done.',
      };
    case 'training_failed':
      return {
        ...PLAIN,
        key: `training_failed:${event.jobId}`,
        subject: `job:${event.jobId}`,
        title: `Training of ${event.modelId} failed`,
        text: event.message,
        facts: [
          ['Dataset', event.datasetId],
          ['Job', event.jobId],
          ['Attempt', String(event.attempt)],
          ['Error', event.code],
        ],
        section: 'training',
      };
    case 'route_changed':
      return {
        ...PLAIN,
        key: `route:${event.version}`,
        subject: 'route',
        title: `${ROUTE_WORDS.get(event.action) ?? 'Route changed'}: ${event.summary}`,
        text: orNone(event.reason),
        facts: [
          ['By', event.who],
          ['Table', `version ${event.version}`],
          ['At', minuteOf(event.at)],
        ],
        section: 'route',
      };
    case 'experiment':
      return experimentNotice(event);
    case 'agent_silent':
      return agentSilent(event);
    case 'agent_back':
      return {
        ...PLAIN,
        key: `agent_back:${event.incident}`,
        subject: event.incident,
        title: 'The agent\u2019s silence is over',
        text: event.because,
        facts: [],
        section: 'training',
        page: { action: 'resolve', dedupKey: event.incident },
      };
    case 'digest':
      return digest(event.week, event.numbers);
    case 'test':
      return {
        ...PLAIN,
        key: `test:${event.id}`,
        subject: `test:${event.id}`,
        title: 'A test message from Bruno',
        text: 'If you can read this, the channel works. Nothing happened.',
        facts: [['Asked for by', event.who]],
        section: 'route',
        page: { action: 'trigger', dedupKey: `test:${event.id}`, severity: 'info' },
      };
    case 'test_over':
      return {
        ...PLAIN,
        key: `test_over:${event.id}`,
        subject: `test:${event.id}`,
        title: 'The test is over',
        text: '',
        facts: [],
        section: 'route',
        page: { action: 'resolve', dedupKey: `test:${event.id}` },
        chat: false,
      };
    default:
      return event satisfies never;
  }
}

const PLAIN = { page: null, chat: true } as const;

function verdictNotice(event: ModelVerdict) {
  return {
    ...PLAIN,
    key: `candidate:${event.modelId}`,
    subject: `model:${event.modelId}`,
    facts: [
      ['Verdict', event.reason],
      ['Dataset', event.datasetId],
      ['Job', event.jobId],
    ] as const,
    section: 'models' as const,
  };
}

function experimentNotice(news: ExperimentNews): Notice {
  const { id, step, urgency, candidate, phase, reason, who, why, at, nextLookAt } = news;
  const dedupKey = `experiment:${id}`;
  const pages: Record<ExperimentNews['urgency'], Page | null> = {
    info: null,
    action: null,
    alarm: { action: 'trigger', dedupKey, severity: 'error' },
    over: { action: 'resolve', dedupKey },
  };
  return {
    key: `experiment:${id}:${step}:${urgency}`,
    subject: dedupKey,
    title: experimentTitle(news),
    text: why === null || reason.includes(why) ? reason : `${reason} (${why})`,
    facts: [
      ['Experiment', id],
      [isSettingsId(candidate) ? 'Settings' : 'Model', candidate],
      ['Now', phase.replaceAll('_', ' ')],
      ['By', who],
      ['At', minuteOf(at)],
      ['Next look', nextLookAt === null ? 'none, it is over' : minuteOf(nextLookAt)],
    ],
    section: `experiment=${encodeURIComponent(id)}`,
    page: pages[urgency],
    // That a rolled back candidate is off was said a moment ago.
    chat: !(urgency === 'over' && phase === 'rolled_back'),
  };
}

function experimentTitle({ urgency, candidate, phase }: ExperimentNews): string {
  switch (urgency) {
    case 'action':
      return phase === 'planned'
        ? `${candidate} waits for you to start its experiment`
        : `${candidate} waits for your decision`;
    case 'alarm':
      if (phase === 'rolled_back') return `${candidate} was rolled back`;
      return phase === 'frozen' ? `${candidate} is frozen` : `${candidate} shows harm`;
    case 'over':
      return `${candidate}: the alarm is over`;
    case 'info':
      return `Experiment with ${candidate}: ${phase.replaceAll('_', ' ')}`;
    default:
      return urgency satisfies never;
  }
}

function agentSilent(silence: Silence): Notice {
  const { lastSeen, minutes, waiting } = silence;
  const incident = agentIncident(silence);
  return {
    ...PLAIN,
    key: `agent_silent:${incident}`,
    subject: incident,
    title: `No agent for ${minutes} minutes while ${waiting.modelId} waits to be trained`,
    text: 'Training stands still, and the model server may be gone with the agent. See whether it runs: its log says why it left.',
    facts: [
      ['Agent last seen', lastSeen === null ? 'never' : minuteOf(lastSeen)],
      ['Job', waiting.jobId],
      ['Waiting since', minuteOf(waiting.since)],
    ],
    section: 'training',
    page: { action: 'trigger', dedupKey: incident, severity: 'error' },
  };
}

/** Thumbs only, as everywhere; undefined where nobody voted. */
export const satisfaction = (up: number, down: number): number | undefined =>
  up + down === 0 ? undefined : up / (up + down);

function digest(week: string, numbers: DigestNumbers): Notice {
  const { thumbsUp: up, thumbsDown: down, waiting } = numbers;
  const share = satisfaction(up, down);
  const happy =
    share === undefined
      ? 'not known: nobody voted'
      : `${(share * 100).toFixed(1)} % of ${grouped(up + down)} thumbs`;
  const list = (found: readonly { id: string; status: string }[]) =>
    found.length === 0 ? 'none' : found.map(({ id, status }) => `${id} (${status})`).join(', ');
  const waits = [
    ...(waiting.reviews > 0 ? [`${grouped(waiting.reviews)} corrections to review`] : []),
    ...(waiting.jobs > 0 ? [`${grouped(waiting.jobs)} jobs to be trained`] : []),
    ...(waiting.models.length > 0 ? [`to be started: ${waiting.models.join(', ')}`] : []),
  ];
  return {
    ...PLAIN,
    key: `digest:${week}`,
    subject: 'digest',
    title: `Week ${week}: ${grouped(numbers.answers)} ${numbers.answers === 1 ? 'answer' : 'answers'}`,
    text: waits.length === 0 ? 'Nothing waits for you.' : `Waiting for you: ${waits.join('; ')}.`,
    facts: [
      ['Satisfaction', happy],
      ['Votes', `${grouped(up)} up, ${grouped(down)} down, ${grouped(numbers.ratings)} ratings`],
      ['Corrections', grouped(numbers.corrections)],
      ['Datasets', list(numbers.datasets)],
      ['Models', list(numbers.models)],
      ['Experiments', list(numbers.experiments.map(experimentLine))],
      ['In production', numbers.production],
    ],
    section: waiting.reviews > 0 ? 'reviews' : 'route',
  };
}

const experimentLine = ({ id, candidate, status }: DigestNumbers['experiments'][number]) => ({
  id,
  status: `${isSettingsId(candidate) ? 'settings' : 'model'}, ${status}`,
});

const grouped = (value: number) => value.toLocaleString('en-US');
const minuteOf = (at: Date) => `${at.toISOString().slice(0, 16).replace('T', ' ')} UTC`;

export interface Attempted {
  /** How often it was tried, this time included. */
  attempts: number;
  createdAtMs: number;
  nowMs: number;
  /** What the receiver asked for. */
  retryAfterMs: number | undefined;
}

const FIRST_PAUSE_MS = 60_000;
const LONGEST_PAUSE_MS = 3_600_000;
/** Older than this, a message is news to nobody: it is given up, and the outbox says so. */
export const GIVE_UP_MS = 24 * 3_600_000;

/** Doubling from a minute to an hour, never sooner than asked for; null: give up. */
export function retryAt(tried: Attempted): number | null {
  const doubled = FIRST_PAUSE_MS * 2 ** Math.min(tried.attempts - 1, 10);
  const pause = Math.max(Math.min(doubled, LONGEST_PAUSE_MS), tried.retryAfterMs ?? 0);
  const at = tried.nowMs + pause;
  return at - tried.createdAtMs > GIVE_UP_MS ? null : at;
}
