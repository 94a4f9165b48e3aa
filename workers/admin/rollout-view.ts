// An experiment as operators see it: where it stands and why, and its evidence metric by metric. The
// numbers are those that the engine decides by, read at this moment; nothing is decided here.

import type { z } from 'zod';
import type { RolloutListRow } from '../../adapters/postgres/rollouts.ts';
import { settingsText } from '../../core/answer-settings.ts';
import type { HistoryRow } from '../../core/history.ts';
import { evidenceOf, type Observed } from '../../core/rollout/evidence.ts';
import { rolloutPolicySchema } from '../../core/rollout/held.ts';
import { rolloutPlanSchema } from '../../core/rollout/plan.ts';
import { type RolloutPolicy, shareBpOf } from '../../core/rollout/policy.ts';
import { rolloutStateSchema } from '../../core/rollout/state.ts';
import { type Answerer, productionOf, type RoutingTable, treatmentOf } from '../../core/routing.ts';
import { analyze, type MetricAnalysis } from '../../core/statistics/analysis.ts';
import { rollbackAlpha } from '../../core/statistics/guardrail.ts';
import { type Arm, emptyMoments, type Moments } from '../../core/statistics/moments.ts';
import { isNotEnough } from '../../core/statistics/not-enough.ts';
import { type MetricRule, measuredRules } from '../../core/statistics/policy.ts';
import type {
  ExperimentAnswer,
  effectSchema,
  experimentEvidenceSchema,
  experimentMetricSchema,
  experimentSummarySchema,
} from '../../core/wire/experiments.ts';
import { kindOf } from '../../functions/rollout/kind.ts';

export function parsedRollout(row: RolloutListRow) {
  return {
    state: rolloutStateSchema.parse(row.state),
    policy: rolloutPolicySchema.parse(row.policy),
    plan: rolloutPlanSchema.parse(row.plan),
  };
}

/** What an experiment is seen beside. */
export interface Around {
  table: RoutingTable;
  /** Of settings, by id. */
  names: ReadonlyMap<string, string>;
}

const answererView = ({ model, settings }: Answerer) => ({
  model_id: model,
  settings_id: settings?.id ?? null,
  description: `${model} with ${settingsText(settings)}`,
});

/** Who answers each arm now, or would: with the table as it is. */
function armsView(
  { id, candidate, status }: RolloutListRow,
  { table, names }: Around,
): z.infer<typeof experimentSummarySchema>['arms'] {
  const running = table.experiments.find((one) => one.id === id);
  const control = productionOf(table);
  if (running !== undefined) {
    return { control: answererView(control), treatment: answererView(treatmentOf(table, running)) };
  }
  const isSettings = kindOf(candidate) === 'settings';
  const named = `${candidate} (${names.get(candidate) ?? 'unnamed'})`;
  if (status === 'ended') {
    const over = { model_id: null, settings_id: null };
    return {
      control: { ...over, description: 'what was in production then' },
      treatment: isSettings
        ? { ...over, settings_id: candidate, description: `the same model with ${named}` }
        : { ...over, model_id: candidate, description: candidate },
    };
  }
  const { model, settings } = control;
  return {
    control: answererView(control),
    treatment: isSettings
      ? { model_id: model, settings_id: candidate, description: `${model} with ${named}` }
      : answererView({ model: candidate, settings }),
  };
}

export function summaryView(
  row: RolloutListRow,
  around: Around,
): z.infer<typeof experimentSummarySchema> {
  const { state, policy, plan } = parsedRollout(row);
  const { at } = state;
  return {
    id: row.id,
    kind: kindOf(row.candidate),
    model_id: row.candidate,
    arms: armsView(row, around),
    status: row.status,
    share: 'progress' in at ? shareBpOf(policy, at.progress.stage) / 10_000 : null,
    outcome: at.phase === 'ended' ? at.outcome : null,
    reason: row.reason,
    promote_on: plan.promote_on,
    created_at: row.createdAt.toISOString(),
    updated_at: row.updatedAt.toISOString(),
    next_look_at: row.nextLookAt?.toISOString() ?? null,
  };
}

export interface Known {
  /** Null before it is on traffic. */
  observed: Observed | null;
  judge: ExperimentAnswer['judge'];
  history: readonly HistoryRow[];
}

export function experimentView(
  row: RolloutListRow,
  { observed, judge, history, ...around }: Around & Known,
): ExperimentAnswer {
  const { state, policy, plan } = parsedRollout(row);
  const { rules } = policy;
  return {
    ...summaryView(row, around),
    state: state.at,
    step: state.step,
    policy: {
      shares: [...rules.shares],
      stage_hours: rules.stage.hours,
      stage_users: rules.stage.users,
      maximum_days: rules.maximumHours / 24,
      auto_advance: rules.autoAdvance,
      on_harm: rules.onHarm,
      alpha_promote: rules.alpha.promote,
    },
    plan,
    evidence: observed && evidenceView(observed, policy),
    judge,
    history: history.map(({ seq, at, action, who, reason, summary }) => ({
      seq,
      at: at.toISOString(),
      action,
      who,
      reason,
      summary,
    })),
  };
}

function evidenceView(
  observed: Observed,
  { rules: policy }: RolloutPolicy,
): z.infer<typeof experimentEvidenceSchema> {
  const { metrics, users } = observed;
  const evidence = evidenceOf(observed, policy);
  const { rules, waived } = measuredRules(policy, observed.waived);
  const alpha = rollbackAlpha(policy, rules.length);
  const feedback = (arm: Arm) => {
    const [votes, answers] = [metrics.thumbs_up, metrics.error].map((one) => total(one, arm));
    return answers ? (votes ?? 0) / answers : null;
  };
  return {
    users,
    feedback_rate: { control: feedback('control'), treatment: feedback('treatment') },
    metrics: rules.map((rule) =>
      metricView(rule, metrics[rule.metric] ?? emptyMoments(), { policy, alpha }),
    ),
    waived,
    harm: evidence.harm.reason,
    split: evidence.splitBroken ?? 'as configured',
    data: evidence.unhealthy ?? 'arriving',
    offline: evidence.offline,
  };
}

const total = (moments: Moments | undefined, arm: Arm) =>
  (moments?.cells ?? []).filter((cell) => cell.arm === arm).reduce((sum, { n }) => sum + n, 0);

function metricView(
  rule: MetricRule,
  moments: Moments,
  { policy, alpha }: { policy: RolloutPolicy['rules']; alpha: number },
): z.infer<typeof experimentMetricSchema> {
  const { metric, role } = rule;
  const found = analyze({ metric, moments, rule, policy, alpha });
  const waiting = { result: 'inconclusive', amber: false, reason: 'not measured yet' };
  return {
    metric,
    role,
    verdict: found.verdict ?? waiting,
    improvement: found.improvement?.reason ?? null,
    effect: effectView(found),
    more_users: found.moreUsers,
    stages: found.stages.map(({ stage, weight, control, treatment }) => ({
      share: Number(stage) / 10_000,
      weight,
      control,
      treatment,
    })),
  };
}

/** Null while there is not enough to say. */
export function effectView({
  effect,
}: Pick<MetricAnalysis, 'effect'>): z.infer<typeof effectSchema> | null {
  if (isNotEnough(effect)) return null;
  const isRatio = effect.scale === 'log_ratio';
  // A log ratio is shown as the relative change that it is.
  const shown = (value: number) => (isRatio ? Math.expm1(value) : value);
  const { estimate, lower, upper, p } = effect.sequence;
  return {
    scale: isRatio ? 'ratio' : 'difference',
    estimate: shown(estimate),
    lower: shown(lower),
    upper: shown(upper),
    p,
  };
}
