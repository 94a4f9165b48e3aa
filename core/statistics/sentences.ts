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

/** Beyond ±999 nothing is said but that. */
function held(value: number, unit: string, format: Intl.NumberFormat): string {
  if (value > 999) return `over +999 ${unit}`;
  return value < -999 ? `under -999 ${unit}` : `${format.format(value)} ${unit}`;
}

/** A log ratio as relative change: 0.1823 → "+20 %". */
export const asLift = (logRatio: number): string => held(Math.expm1(logRatio) * 100, '%', one);

/** An effect on either scale. */
export const effect = (scale: Harm['scale'], value: number): string =>
  scale === 'log_ratio' ? asLift(value) : held(value * 100, 'points', points);

export const name = (metric: string): string => metric.replaceAll('_', ' ');

/** "error 1.2 % in treatment, 0.84 % in control". */
export const rates = ({ rule, rates: { control, treatment } }: Harm): string =>
  `${name(rule.metric)} ${rate(treatment)} in treatment, ${rate(control)} in control`;

/** "harm +43 %, at least +5 % at every look". */
export const atLeast = (harm: Harm, alpha: number): string =>
  `harm ${effect(harm.scale, harm.harm)}, at least ${effect(harm.scale, lowerHarm(harm, alpha))} at every look`;

/** "harm at most +38 %". */
export const atMost = (harm: Harm, alpha: number): string =>
  `harm at most ${effect(harm.scale, upperHarm(harm, alpha))}`;
