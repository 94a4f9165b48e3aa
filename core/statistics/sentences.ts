// Numbers as the verdicts' sentences write them: rates and relative effects in percent, never more digits
// than the data carry. Every verdict of core/statistics speaks through these.

import { type Harm, lowerHarm, upperHarm } from './harm.ts';

const three = new Intl.NumberFormat('en-US', { maximumSignificantDigits: 3 });
const one = new Intl.NumberFormat('en-US', { maximumFractionDigits: 1, signDisplay: 'exceptZero' });
const points = new Intl.NumberFormat('en-US', {
  maximumSignificantDigits: 3,
  signDisplay: 'exceptZero',
});
const whole = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });

export const count = (value: number): string => whole.format(value);

/** 0.0084 → "0.84 %". */
export const rate = (value: number): string => `${three.format(value * 100)} %`;

/** A log ratio as relative change: 0.1823 → "+20 %". */
export const asLift = (logRatio: number): string => {
  const percent = Math.expm1(logRatio) * 100;
  return percent > 999 ? 'over +999 %' : `${one.format(percent)} %`;
};

/** An effect on either scale. */
export const effect = (scale: Harm['scale'], value: number): string =>
  scale === 'log_ratio' ? asLift(value) : `${points.format(value * 100)} points`;

export const name = (metric: string): string => metric.replaceAll('_', ' ');

/** "error 1.2 % in treatment, 0.84 % in control". */
export const rates = ({ rule, rates: { control, treatment } }: Harm): string =>
  `${name(rule.metric)} ${rate(treatment)} in treatment, ${rate(control)} in control`;

/** A bound as far out as this, on either scale, says nothing at all. */
const NOTHING = 10;

/** "at least +5 % at every look". */
export const bounded = (scale: Harm['scale'], lower: number): string =>
  lower < -NOTHING ? 'nothing certain yet' : `at least ${effect(scale, lower)} at every look`;

/** "harm +43 %, at least +5 % at every look". */
export const atLeast = (harm: Harm, alpha: number): string =>
  `harm ${effect(harm.scale, harm.harm)}, ${bounded(harm.scale, lowerHarm(harm, alpha))}`;

/** "harm at most +38 %". */
export function atMost(harm: Harm, alpha: number): string {
  const upper = upperHarm(harm, alpha);
  return upper > NOTHING ? 'harm not bounded yet' : `harm at most ${effect(harm.scale, upper)}`;
}
