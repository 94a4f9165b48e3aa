/**
 * What the loop gains, for people: who is held out on what, and production against it week by week. Weeks
 * are never pooled; the last column is their mean so far. Pure.
 */
import { facts, number, page, percent, section, table } from '../layout.ts';
import type { Holdout, ShownEffect } from '../learning-schemas.ts';
import { plain, shownEffect } from './rollout-view.ts';

export function holdoutPage(view: Holdout): string {
  return page(
    section('Held out', facts(standing(view))),
    ...view.metrics
      .filter(({ weeks }) => weeks.length > 0)
      .map(({ metric, weeks }) =>
        section(
          `Production against the held-out model: ${plain(metric)}, 95 % at every look`,
          weeksTable(weeks),
        ),
      ),
  );
}

function standing({ enabled, share, weeks, now, production, split }: Holdout) {
  const rows: [string, string][] = [
    [
      'setting',
      enabled
        ? `${percent(share)} of visitors, ${number(weeks)} weeks back; as many on production beside them`
        : 'off (ab_testing.holdout in learning.yaml)',
    ],
    ['production', production],
  ];
  if (now !== null) {
    rows.push(['week', now.week], ['their model', now.model ?? 'production'], ['why', now.reason]);
    rows.push(['counted', now.counting ? 'yes' : 'no']);
  }
  if (split !== null) {
    rows.push(['split', split.broken ? 'other than even: conclude nothing' : 'as it should be']);
  }
  return rows;
}

type Weeks = Holdout['metrics'][number]['weeks'];

const weeksTable = (weeks: Weeks): string =>
  table(
    [
      { title: 'week' },
      { title: 'held out on', max: 32 },
      { title: 'production', max: 32 },
      { title: 'held out', right: true },
      { title: 'of', right: true },
      { title: 'production', right: true },
      { title: 'of', right: true },
      { title: 'gain that week' },
      { title: 'so far' },
    ],
    weeks.map((one) => [
      one.week,
      one.held_out_models.join(', '),
      one.production_models.join(', '),
      percent(one.held_out?.rate),
      one.held_out?.n,
      percent(one.production?.rate),
      one.production?.n,
      effectText(one.effect),
      effectText(one.so_far),
    ]),
    '',
  );

/** "+4.1 % (-2 % to +10.4 %)". */
function effectText(effect: ShownEffect | null): string | null {
  if (effect === null) return null;
  const { scale, estimate, lower, upper } = effect;
  const [middle, from, to] = [estimate, lower, upper].map((value) => shownEffect(scale, value));
  return `${middle} (${from} to ${to})`;
}
