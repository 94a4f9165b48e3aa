/**
 * What `bruno experiment analyze` says about a file of rows, as one document: every metric's analysis and, where
 * the split is told, the sample ratio. Pure; the command reads files and writes pages.
 */
import { z } from 'zod';
import { analyze, type MetricAnalysis } from '../core/statistics/analysis.ts';
import { rollbackAlpha } from '../core/statistics/guardrail.ts';
import { isNotEnough, type NotEnough } from '../core/statistics/not-enough.ts';
import { DEFAULT_POLICY, type MetricRule } from '../core/statistics/policy.ts';
import { type SampleRatio, sampleRatio } from '../core/statistics/sample-ratio.ts';
import { type StageShare, splitGroups } from '../core/statistics/split-groups.ts';
import { UsageError } from './errors.ts';
import type { ExperimentSums } from './experiment-rows.ts';

const positive = z.number().positive();
const ruleSchema = z.strictObject({
  harmIs: z.enum(['more', 'less']),
  role: z.enum(['primary', 'guardrail']).default('guardrail'),
  tau: positive,
  tauDifference: positive,
  baseline: positive,
  tolerance: z.number().min(0),
  ceiling: positive.nullable().default(null),
  absoluteLimit: positive.nullable().default(null),
});

/** A file of rules: metric to rule. It adds to the default policy's and replaces those of the same name. */
export const rulesSchema = z.record(z.string().min(1), ruleSchema);
export type Rules = z.infer<typeof rulesSchema>;

export type ExperimentAnalysis = {
  readonly rows: number;
  readonly visitors: number;
  /** Not among them: seen in both arms of one stage. */
  readonly leftOut: number;
  readonly stages: readonly string[];
  readonly metrics: readonly MetricAnalysis[];
  /** null where the configured split was not told. */
  readonly sampleRatio: (SampleRatio & { broken: boolean }) | NotEnough | null;
};

/** "s1=0.1,s2=0.25" in the order in which stages ran. */
export function parseSplit(text: string): StageShare[] {
  return text.split(',').map((part) => {
    const at = part.lastIndexOf('=');
    const share = Number(part.slice(at + 1));
    if (at > 0 && share > 0 && share < 1) return { stage: part.slice(0, at).trim(), share };
    throw new UsageError(
      `--split must be stages with their share of treatment, such as s1=0.1,s2=0.25, not "${part}"`,
    );
  });
}

export function analyzeExperiment(
  sums: ExperimentSums,
  rules: Rules,
  split: readonly StageShare[] | null,
): ExperimentAnalysis {
  const known = new Map<string, MetricRule>([
    ...DEFAULT_POLICY.metrics.map((rule) => [rule.metric, rule] as const),
    ...Object.entries(rules).map(([metric, rule]) => [metric, { metric, ...rule }] as const),
  ]);
  const guardrails = [...sums.metrics.keys()].filter((metric) => known.has(metric));
  const alpha = rollbackAlpha(DEFAULT_POLICY, guardrails.length);
  const metrics = [...sums.metrics].map(([metric, moments]) => {
    const rule = known.get(metric) ?? null;
    return analyze({ metric, moments, rule, policy: DEFAULT_POLICY, alpha });
  });
  const { stages } = sums;
  const unknown = split?.filter(({ stage }) => !stages.includes(stage)) ?? [];
  if (unknown.length > 0) {
    throw new UsageError(
      `--split names ${unknown.map(({ stage }) => `"${stage}"`).join(', ')}, and the file has ${stages.map((stage) => `"${stage}"`).join(', ')}`,
    );
  }
  return {
    rows: sums.rows,
    visitors: sums.visitors.size,
    leftOut: sums.leftOut,
    stages,
    metrics,
    sampleRatio: split && ratioOf(sums, split),
  };
}

function ratioOf(sums: ExperimentSums, split: readonly StageShare[]) {
  const groups = splitGroups(sums.visitors.values(), split);
  if (!Array.isArray(groups)) return groups;
  const ratio = sampleRatio(groups);
  if (isNotEnough(ratio)) return ratio;
  return { ...ratio, broken: ratio.p <= DEFAULT_POLICY.alpha.sampleRatio };
}
