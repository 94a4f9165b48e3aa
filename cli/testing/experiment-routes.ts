/**
 * Experiments on the stack that the command line's tests run against: bodies by the wire schemas, and the
 * phases that commands lead to. What the engine decides on evidence is not here.
 */
import { createExperimentSchema, experimentCommandSchema } from '../../core/wire/experiments.ts';
import { measureJudgeSchema } from '../../core/wire/judging.ts';
import type { Experiment, ExperimentPlan } from '../experiment-schemas.ts';
import { compareRoute } from './compare-routes.ts';

export const plan: ExperimentPlan = {
  first_share: 0.5,
  first_share_reason:
    'no share reaches the visitors needed in a week; both arms have 1,000 visitors after 13 days',
  promote_on: 'no_evidence_of_harm',
  promise: 'Better offline, 7 days and the planned share without amber. Not proven better live.',
  slice: 1,
  traffic: { days: 14, visitors_per_day: 200, new_visitors_per_day: 150, answers_per_day: 600 },
  metrics: [
    {
      metric: 'thumbs_up',
      rate: 0.72,
      known: [1, 3, 7, 14].map((days) => ({ days, lift: 0.6 / days, reason: null })),
    },
    {
      metric: 'error',
      rate: null,
      known: [1, 3, 7, 14].map((days) => ({
        days,
        lift: null,
        reason: 'not observed in these weeks',
      })),
    },
  ],
  waived: ['hallucination'],
};

const SAYS = [
  'support-check/1 is a deterministic check, not a judge of claims.',
  'Of planted falsehoods it finds 22.8 % (56 of 246). Of honest answers it takes 0 % (0 of 348) for false.',
];
export const judge = {
  name: 'support-check/1',
  kind: 'deterministic',
  says: [
    ...SAYS,
    'No answer with sources was judged yet: hallucination is not measured, so it is waived.',
  ],
};

export const experiment: Experiment = {
  id: 'rollout-2026-w42.1-1',
  kind: 'model',
  model_id: '2026-w42.1',
  arms: {
    control: { description: '2026-w41.1 with the built-in settings' },
    treatment: { description: '2026-w42.1 with the built-in settings' },
  },
  status: 'waiting',
  share: 0.1,
  outcome: null,
  reason: 'ready to advance; waits for approval',
  promote_on: 'improvement',
  created_at: '2026-10-18T02:00:00Z',
  next_look_at: '2026-10-19T02:30:00Z',
  policy: {
    shares: [0.1, 0.25, 0.5, 0.95],
    stage_hours: 24,
    stage_users: 1000,
    maximum_days: 14,
    auto_advance: false,
    on_harm: 'roll_back',
  },
  plan: { ...plan, promote_on: 'improvement', promise: 'Better on live traffic.' },
  evidence: {
    users: { control: 9120, treatment: 1012 },
    feedback_rate: { control: 0.24, treatment: 0.241 },
    metrics: [
      {
        metric: 'thumbs_up',
        verdict: { result: 'pass', reason: 'no evidence of harm' },
        improvement:
          'improvement not established: thumbs up 76.3 % in treatment, 72.4 % in control',
        effect: { scale: 'ratio', estimate: 0.054, lower: -0.021, upper: 0.134 },
        more_users: 5400,
        stages: [
          {
            share: 0.1,
            control: { n: 10_900, y: 7892, rate: 0.724 },
            treatment: { n: 1211, y: 924, rate: 0.763 },
          },
        ],
      },
      {
        metric: 'error',
        verdict: { result: 'inconclusive', reason: 'error: 7 of 10 events' },
        improvement: null,
        effect: { scale: 'difference', estimate: 0.0002, lower: -0.003, upper: 0.0034 },
        more_users: null,
        stages: [],
      },
    ],
    latencies: [
      {
        latency: 'first_token',
        stages: [
          {
            share: 0.1,
            control: { p50_ms: 410, p95_ms: 1_820, p99_ms: 3_450 },
            treatment: { p50_ms: 430.4, p95_ms: 1_901, p99_ms: 3_502 },
          },
        ],
      },
      {
        latency: 'total',
        stages: [
          { share: 0.1, control: { p50_ms: 2_010, p95_ms: 6_020, p99_ms: 9_400 }, treatment: null },
        ],
      },
    ],
    waived: ['hallucination'],
    split: 'as configured',
    data: 'arriving',
    offline: { better: true, reason: 'accepted: improvement +0.400 nats on 40 held-out phrasings' },
  },
  judge,
  history: [
    {
      seq: 12,
      at: '2026-10-18T02:00:00Z',
      action: 'running',
      who: 'operator',
      reason: 'week 42',
      summary: '2026-w42.1: starts at 10 %',
    },
  ],
};

type Reply = { status: number; body: unknown };
const ok = (body: unknown, status = 200): Reply => ({ status, body });
const refused = (status: number, code: string, message: string): Reply =>
  ok({ error: { code, message } }, status);

const AFTER: Readonly<Record<string, Partial<Experiment>>> = {
  approve: { status: 'running', share: 0.25, reason: 'to 25 %' },
  pause: { status: 'paused', reason: 'paused' },
};

export interface JudgeState {
  kind: 'deterministic' | 'model';
  planted: number;
  /** How many texts wait, one reading after another. */
  waiting: number[];
}

/** Sentences are the stack's; what the command line adds is what is tried here. */
function judgeReply({ kind, planted, waiting }: JudgeState) {
  const left = waiting.length > 1 && planted > 0 ? waiting.shift() : (waiting[0] ?? 0);
  const measuring = planted === 0 ? null : { texts: planted, waiting: left };
  return { judge: { ...judge, kind }, measuring };
}

/** Null where the path is not about experiments. */
export function experimentRoute(
  world: { experiments: Experiment[]; judge: JudgeState; seenRequestIds: Set<string> },
  { key, id, query, body }: { key: string; id: string; query: URLSearchParams; body: unknown },
): Reply | null {
  const one = world.experiments.find((known) => known.id === id);
  switch (key) {
    case 'GET judge':
      return ok(judgeReply(world.judge));
    case 'POST judge/:id': {
      const parsed = measureJudgeSchema.safeParse(body);
      if (!parsed.success) return refused(400, 'invalid_request', parsed.error.message);
      world.judge.planted += parsed.data.texts.length;
      return ok(judgeReply({ ...world.judge, waiting: [] }));
    }
    case 'GET experiments':
      return ok({ experiments: world.experiments });
    case 'GET experiments/:id':
      if (id === 'plan') return ok({ plan, judge: { ...judge, says: SAYS } });
      return one ? ok(one) : refused(404, 'not_found', `There is no experiment ${id}.`);
    case 'POST experiments': {
      const parsed = createExperimentSchema.safeParse(body);
      if (!parsed.success) return refused(400, 'invalid_request', parsed.error.message);
      const { model_id, settings_id } = parsed.data;
      const tried = model_id ?? settings_id ?? '';
      const made = {
        ...experiment,
        id: `rollout-${tried}-1`,
        kind: settings_id === undefined ? 'model' : 'settings',
        model_id: tried,
        status: parsed.data.start === true ? 'running' : 'planned',
        evidence: null,
      };
      world.experiments.unshift(made);
      return ok(made, 201);
    }
    case 'POST experiments/:id/commands': {
      const parsed = experimentCommandSchema.safeParse(body);
      if (!parsed.success) return refused(400, 'invalid_request', parsed.error.message);
      if (one === undefined) return refused(404, 'not_found', `There is no experiment ${id}.`);
      const { action, request_id: requestId = '' } = parsed.data;
      if (world.seenRequestIds.has(requestId)) return ok(one);
      if (action === 'approve' && one.status !== 'waiting') {
        return refused(409, 'conflict', `Nothing waits for an approval; it is ${one.status}.`);
      }
      world.seenRequestIds.add(requestId);
      const outcome = action === 'rollback' ? 'rolled_back' : 'stopped';
      return ok(Object.assign(one, AFTER[action] ?? { status: 'ended', outcome, share: null }));
    }
    default:
      return compareRoute(one, { key, id, query, body });
  }
}
