// Whether visitors were split as configured, looked at as often as one likes. A broken split means that
// the arms hold different people, so nothing may be concluded: the rollout freezes. It says nothing about harm.

import { isSum, type NotEnough, notEnough } from './not-enough.ts';

/** First appearances that share one chance of being in treatment. Counts of users. */
export interface SplitGroup {
  control: number;
  treatment: number;
  /** That chance if the split works, in (0, 1); see `nullShare`. */
  share: number;
}

/** The alternatives mixed over: log odds of treatment off by these. */
const LOG_ODDS = [0.02, 0.05, 0.1, 0.2, 0.5].flatMap((size) => [size, -size]);

/**
 * The chance that a visitor's first appearance in a stage with `share` is in treatment: the share
 * itself if never seen, and (s_k − s_l)/(1 − s_l) if last seen in control at share s_l, because a ramp
 * only adds buckets. Visitors already in treatment stay there and are not counted.
 */
export function nullShare(share: number, lastControlShare: number | null): number | NotEnough {
  const valid = (value: number) => value >= 0 && value <= 1;
  const from = lastControlShare ?? 0;
  if (!valid(share) || !valid(from) || from >= 1 || share < from) {
    return notEnough(`a share must rise within 0 and 1; ${from} to ${share} came`);
  }
  return (share - from) / (1 - from);
}

export interface SampleRatio {
  kind: 'sample_ratio';
  /** ln of the e-value; the split is called broken at E ≥ 1/α. */
  logE: number;
  /** min(1, 1/E), valid at every look. */
  p: number;
  treatment: number;
  total: number;
  /** Users expected in treatment. */
  expected: number;
}

/**
 * E = mean over η of exp(η·n_B)/Π_g(1 − p_g + p_g·e^η)^{n_g}: a mixture of exponential tilts, a
 * martingale if every group is split as said. Lindon & Malek, NeurIPS 2022, in its log-odds form.
 */
export function sampleRatio(groups: readonly SplitGroup[]): SampleRatio | NotEnough {
  const wrong = groups.find(
    ({ control, treatment, share }) =>
      !isSum(control) || !isSum(treatment) || !(share > 0 && share < 1),
  );
  if (wrong) {
    return notEnough(
      `a group of ${wrong.control} and ${wrong.treatment} users at share ${wrong.share} is none`,
    );
  }
  const sum = (of: (group: SplitGroup) => number) =>
    groups.reduce((total, group) => total + of(group), 0);
  const treatment = sum((group) => group.treatment);
  const total = treatment + sum((group) => group.control);
  if (total === 0) return notEnough('no user has been assigned yet');
  if (!Number.isFinite(total)) return notEnough('the counts are too large to compute with');
  const logs = LOG_ODDS.map(
    (eta) =>
      eta * treatment -
      sum((group) => (group.control + group.treatment) * Math.log1p(group.share * Math.expm1(eta))),
  );
  const top = Math.max(...logs);
  const logE =
    top + Math.log(logs.reduce((mean, log) => mean + Math.exp(log - top) / logs.length, 0));
  const expected = sum((group) => (group.control + group.treatment) * group.share);
  return {
    kind: 'sample_ratio',
    logE,
    p: Math.min(1, Math.exp(-logE)),
    treatment,
    total,
    expected,
  };
}
