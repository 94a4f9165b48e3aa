// A gain in words: how much, between what, and whether that is clear. Pure.
import type { GainWeek } from '../api/schema.ts';
import { signed } from '../format.ts';

export function gainText(effect: GainWeek['so_far']): string {
  if (effect === null) return 'not enough to compare yet';
  const { scale, estimate, lower, upper } = effect;
  const unit = scale === 'difference' ? 'points' : '%';
  const [middle, from, to] = [estimate, lower, upper].map(
    (value) => `${signed(value * 100, 1)} ${unit}`,
  );
  const clear = lower > 0 || upper < 0 ? '' : ': no clear change';
  return `${middle}, between ${from} and ${to}${clear}`;
}
