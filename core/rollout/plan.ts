// The plan, before an experiment starts: from the traffic of the last weeks the first share, and what can
// be known by when. It is shown to the operator, kept with the experiment and written into its
// history, with what may promote the candidate in words. Pure.

import { z } from 'zod';
import { rollbackAlpha } from '../statistics/guardrail.ts';
import { isNotEnough } from '../statistics/not-enough.ts';
import {
  detectable,
  firstShare,
  type MetricTraffic,
  stagesOf,
  type Traffic,
} from '../statistics/plan.ts';
import {
  DEFAULT_POLICY,
  type MetricRule,
  measuredRules,
  PROMOTE_ON,
  type PromoteOn,
  type RolloutKeys,
} from '../statistics/policy.ts';
import { type RolloutConfig, type RolloutPolicy, rolloutPolicy } from './policy.ts';

/** What each setting promises, and no more. */
export const PROMISES: Readonly<Record<PromoteOn, string>> = {
  improvement:
    'Better on live traffic, established at every look, and harm above every ceiling excluded.',
  non_inferior:
    'Harm above every ceiling excluded on live traffic, and better offline (paired bootstrap on held-out phrasings, no worse on held-out groups).',
  no_evidence_of_harm:
    'Better offline, 7 days and the planned share without amber. Not proven better live.',
};

const KNOWN_AFTER_DAYS = [1, 3, 7, 14];

export const rolloutPlanSchema = z.strictObject({
  schema: z.literal(1),
  /** Of the slice's visitors. */
  first_share: z.number(),
  first_share_reason: z.string(),
  promote_on: z.enum(PROMOTE_ON),
  promise: z.string(),
  /** Of all visitors. */
  slice: z.number(),
  /** Of the slice; null where there was nothing to plan with. */
  traffic: z
    .strictObject({
      days: z.number(),
      visitors_per_day: z.number(),
      new_visitors_per_day: z.number(),
      answers_per_day: z.number(),
      answers_per_visitor_day: z.number(),
    })
    .nullable(),
  metrics: z.array(
    z.strictObject({
      metric: z.string(),
      rate: z.number().nullable(),
      observed_share: z.number().nullable(),
      /** Smallest relative change that would be proven by then with 80 % power; null with a reason. */
      known: z.array(
        z.strictObject({
          days: z.number(),
          lift: z.number().nullable(),
          reason: z.string().nullable(),
        }),
      ),
    }),
  ),
  waived: z.array(z.string()),
});
export type RolloutPlan = z.infer<typeof rolloutPlanSchema>;

/** What the record says of the weeks before, of all visitors. */
export interface PastTraffic {
  days: number;
  traffic: Traffic;
  /** By metric; one that is missing was not measured. */
  metrics: readonly Omit<MetricTraffic, 'isBalanced'>[];
}

export interface PlanRequest {
  keys: RolloutConfig;
  promoteOn: PromoteOn;
  sliceBp: number;
  past: PastTraffic | null;
}

const count = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });
const oneDigit = (value: number) => Math.round(value * 10) / 10;

/** The plan, and the policy that follows from it. */
export function planRollout(request: PlanRequest): { plan: RolloutPlan; policy: RolloutPolicy } {
  const { keys, promoteOn, sliceBp } = request;
  const slice = sliceBp / 10_000;
  const past = request.past && sliced(request.past, slice);
  const first = chooseShare(past?.traffic ?? null, keys);
  const policy = rolloutPolicy(keys, { firstShare: first.share, promoteOn });
  const measured = past?.metrics.map(({ metric }) => metric) ?? [];
  const unmeasured =
    past === null ? [] : ['hallucination'].filter((one) => !measured.includes(one));
  const { rules, waived } = measuredRules(policy.rules, unmeasured);
  const plan: RolloutPlan = {
    schema: 1,
    first_share: first.share,
    first_share_reason: first.reason,
    promote_on: promoteOn,
    promise: PROMISES[promoteOn],
    slice,
    traffic: past && {
      days: past.days,
      visitors_per_day: oneDigit(past.traffic.usersPerDay),
      new_visitors_per_day: oneDigit(past.traffic.newUsersPerDay),
      answers_per_day: oneDigit(past.traffic.answersPerDay),
      answers_per_visitor_day: oneDigit(
        past.traffic.answersPerDay / Math.max(1e-9, past.traffic.usersPerDay),
      ),
    },
    metrics: rules.map((rule) =>
      knownOf(rule, { past, policy, guardrails: rules.length, daysUntilUsers: first.days }),
    ),
    waived,
  };
  return { plan, policy };
}

function sliced({ days, traffic, metrics }: PastTraffic, slice: number): PastTraffic {
  return {
    days,
    metrics,
    traffic: {
      ...traffic,
      usersPerDay: traffic.usersPerDay * slice,
      newUsersPerDay: traffic.newUsersPerDay * slice,
      answersPerDay: traffic.answersPerDay * slice,
    },
  };
}

function chooseShare(
  traffic: Traffic | null,
  keys: RolloutKeys,
): { share: number; days: number; reason: string } {
  const least = keys.ab_testing.initial_traffic_split;
  const needed = keys.ab_testing.min_sample_size;
  const unknown = (reason: string) => ({ share: least, days: 0, reason });
  if (traffic === null) return unknown('no traffic was recorded to plan with');
  const chosen = firstShare(traffic, needed, least);
  if (isNotEnough(chosen)) return unknown(chosen.reason);
  const days = chosen.days ?? Infinity;
  const whole = Math.ceil(days);
  const when =
    days === Infinity ? 'never' : `after ${count.format(whole)} day${whole === 1 ? '' : 's'}`;
  const reach = `both arms have ${count.format(needed)} visitors ${when}`;
  const late = `no share reaches the visitors needed in a week; ${reach}`;
  const inTime = `the smallest share at which ${reach}`;
  const reason = chosen.isReachedInTime
    ? inTime
    : days > LONGEST_DAYS
      ? `${late}${TOO_LATE}`
      : late;
  return { share: chosen.share, days, reason };
}

const LONGEST_DAYS = DEFAULT_POLICY.maximumHours / 24;
const TOO_LATE = `, and it would end before, inconclusive after ${LONGEST_DAYS} days: lower ab_testing.min_sample_size to let it go up`;

interface Known {
  past: PastTraffic | null;
  policy: RolloutPolicy;
  guardrails: number;
  daysUntilUsers: number;
}

function knownOf(
  rule: MetricRule,
  { past, policy, guardrails, daysUntilUsers }: Known,
): RolloutPlan['metrics'][number] {
  const { metric, tau, role } = rule;
  const measured = past?.metrics.find((one) => one.metric === metric);
  if (past === null || measured === undefined) {
    const reason = past === null ? 'no traffic was recorded' : 'not observed in these weeks';
    const known = KNOWN_AFTER_DAYS.map((days) => ({ days, lift: null, reason }));
    return { metric, rate: null, observed_share: null, known };
  }
  const { rules } = policy;
  const alpha = role === 'primary' ? rules.alpha.promote : rollbackAlpha(rules, guardrails);
  // A verdict is waited for before the last stage, whose control is too small to tell much.
  const stages = stagesOf(rules, daysUntilUsers).slice(0, -1);
  const known = KNOWN_AFTER_DAYS.map((days) => {
    const found = detectable({
      traffic: past.traffic,
      metric: { ...measured, isBalanced: metric === 'hallucination' },
      stages,
      days,
      tau,
      alpha,
    });
    if (isNotEnough(found)) return { days, lift: null, reason: found.reason };
    return { days, lift: found.lift, reason: null };
  });
  return { metric, rate: measured.rate, observed_share: measured.observedShare, known };
}
