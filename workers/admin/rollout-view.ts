// An experiment as operators see it: where it stands and why, and its evidence metric by metric. The
// numbers are those that the engine decides by, read at this moment; nothing is decided here.

import type { z } from 'zod';
import type { LookRow } from '../../adapters/postgres/experiment-looks.ts';
import type { RolloutListRow } from '../../adapters/postgres/rollouts.ts';
import { settingsText } from '../../core/answer-settings.ts';
import type { ExperimentSums } from '../../core/experiment-sums.ts';
import { actionsNow } from '../../core/experiment-view/actions.ts';
import { latenciesOfStages } from '../../core/experiment-view/latencies.ts';
import { shownEffect } from '../../core/experiment-view/looks.ts';
import { nextStepOf } from '../../core/experiment-view/next.ts';
import { rateInterval } from '../../core/experiment-view/stages.ts';
import type { HistoryRow } from '../../core/history.ts';
import { evidenceOf, type Observed } from '../../core/rollout/evidence.ts';
import { rolloutPolicySchema } from '../../core/rollout/held.ts';
import { rolloutPlanSchema } from '../../core/rollout/plan.ts';
import { type RolloutPolicy, shareBpOf } from '../../core/rollout/policy.ts';
import { rolloutStateSchema } from '../../core/rollout/state.ts';
import {
  type Answerer,
  answererName,
  productionOf,
  type RoutingTable,
  treatmentOf,
} from '../../core/routing.ts';
import { analyze, type MetricAnalysis } from '../../core/statistics/analysis.ts';
import { rollbackAlpha } from '../../core/statistics/guardrail.ts';
import { type Arm, emptyMoments, type Moments } from '../../core/statistics/moments.ts';
import { isNotEnough } from '../../core/statistics/not-enough.ts';
import { type MetricRule, measuredRules } from '../../core/statistics/policy.ts';
import { sampleRatio } from '../../core/statistics/sample-ratio.ts';
import type {
  ExperimentAnswer,
  ExperimentLooks,
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
export interface Beside {
  table: RoutingTable;
  /** Of settings, by id. */
  names: ReadonlyMap<string, string>;
  /** In the line, from 1; null where it does not wait there. */
  place: number | null;
}

const answererView = ({ model, settings }: Answerer) => ({
  model_id: model,
  settings_id: settings?.id ?? null,
  description: `${model} with ${settingsText(settings)}`,
});

/** Who answers each arm now, or would: with the table as it is. */
function armsView(
  { id, candidate, status }: RolloutListRow,
  { table, names }: Beside,
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
  const { model } = control;
  return {
    control: answererView(control),
    treatment: isSettings
      ? { model_id: model, settings_id: candidate, description: `${model} with ${named}` }
      : answererView(treatmentOf(table, { candidate })),
  };
}

export function summaryView(
  row: RolloutListRow,
  beside: Beside,
): z.infer<typeof experimentSummarySchema> {
  const { state, policy, plan } = parsedRollout(row);
  const { at } = state;
  return {
    id: row.id,
    kind: kindOf(row.candidate),
    model_id: row.candidate,
    arms: armsView(row, beside),
    status: row.status,
    share: 'progress' in at ? shareBpOf(policy, at.progress.stage) / 10_000 : null,
    outcome: at.phase === 'ended' ? at.outcome : null,
    reason: row.reason,
    place: beside.place,
    promote_on: plan.promote_on,
    created_at: row.createdAt.toISOString(),
    updated_at: row.updatedAt.toISOString(),
    next_look_at: row.nextLookAt?.toISOString() ?? null,
  };
}

export interface Known extends Beside {
  observed: Observed;
  histograms: ExperimentSums['histograms'];
  stratum: number;
  /** Whether anything was ever counted for it. */
  wasSeen: boolean;
  judge: ExperimentAnswer['judge'];
  nowMs: number;
  history: readonly HistoryRow[];
}

export function experimentView(row: RolloutListRow, known: Known): ExperimentAnswer {
  const { state, policy, plan } = parsedRollout(row);
  const { rules } = policy;
  const { observed, wasSeen, judge, table, place, nowMs, history } = known;
  const evidence = evidenceOf(observed, rules);
  const production = answererName(productionOf(table));
  const facts = { evidence, production, candidateDown: null, routed: true, placeInLine: null };
  const next = nextStepOf({ state, policy, evidence, place });
  return {
    ...summaryView(row, known),
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
    next: {
      says: next.says,
      earliest_at: next.earliestMs === null ? null : new Date(next.earliestMs).toISOString(),
      needs: next.needs,
    },
    actions: actionsNow(state, facts, { policy, nowMs }),
    evidence: wasSeen ? evidenceView(known, policy) : null,
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
  { observed, histograms, stratum }: Known,
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
    latencies: latenciesOfStages(histograms, stratum),
    waived,
    harm: evidence.harm.reason,
    split: evidence.splitBroken ?? 'as configured',
    sample_ratio: ratioView(observed),
    data: evidence.unhealthy ?? 'arriving',
    offline: evidence.offline,
  };
}

function ratioView({ splitGroups }: Observed) {
  const found = sampleRatio(splitGroups.filter(({ share }) => share > 0 && share < 1));
  if (isNotEnough(found)) return null;
  const { treatment, total: all, expected, p } = found;
  return { treatment, total: all, expected, p };
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
  const { effect, limits } = found;
  const shown = (value: number) => (isNotEnough(effect) ? value : shownEffect(effect.scale, value));
  const waiting = { result: 'inconclusive', amber: false, reason: 'not measured yet' };
  return {
    metric,
    role,
    harm_is: rule.harmIs,
    verdict: found.verdict ?? waiting,
    improvement: found.improvement?.reason ?? null,
    improved: found.improvement && found.improvement.result === 'pass',
    effect: effectView(found),
    limits: limits && {
      tolerated: shown(limits.tolerated),
      ceiling: limits.ceiling === null ? null : shown(limits.ceiling),
    },
    more_users: found.moreUsers,
    stages: found.stages.map(({ stage, weight, ...arms }) => {
      const armView = (arm: Arm) => ({
        ...arms[arm],
        interval: rateInterval(moments, { stage, arm, tau: rule.tau }),
      });
      const [control, treatment] = [armView('control'), armView('treatment')];
      return { share: Number(stage) / 10_000, weight, control, treatment };
    }),
  };
}

const scaleName = (scale: LookRow['scale']) => (scale === 'log_ratio' ? 'ratio' : 'difference');

export function looksView(rows: readonly LookRow[]): ExperimentLooks {
  const byMetric = [...Map.groupBy(rows, ({ metric }) => metric)];
  return {
    metrics: byMetric.map(([metric, looks]) => ({
      metric,
      looks: looks.map((look) => ({
        at: new Date(look.at_ms).toISOString(),
        share: look.share_bp / 10_000,
        stratum: look.stratum,
        scale: scaleName(look.scale),
        estimate: shownEffect(look.scale, look.estimate),
        lower: shownEffect(look.scale, look.lower),
        upper: shownEffect(look.scale, look.upper),
        tolerated: shownEffect(look.scale, look.tolerated),
        control_users: look.control_users,
        treatment_users: look.treatment_users,
      })),
    })),
  };
}

/** Null while there is not enough to say. */
export function effectView({
  effect,
}: Pick<MetricAnalysis, 'effect'>): z.infer<typeof effectSchema> | null {
  if (isNotEnough(effect)) return null;
  const shown = (value: number) => shownEffect(effect.scale, value);
  const { estimate, lower, upper, p } = effect.sequence;
  return {
    scale: scaleName(effect.scale),
    estimate: shown(estimate),
    lower: shown(lower),
    upper: shown(upper),
    p,
  };
}
