// What the section says, drawn from answers as the API gives them.
import { createElement } from 'react';
import { renderToStaticMarkup } from 'react-dom/server';
import { expect, it } from 'vitest';
import type { GainWeek, Holdout } from '../api/schema.ts';
import { GainShown } from './gain.tsx';
import { gainText } from './gain-words.ts';

const week: GainWeek = {
  week: '2026-w43',
  held_out_models: ['2026-w39.1'],
  production_models: ['2026-w42.1'],
  held_out: { n: 450, rate: 0.69 },
  production: { n: 462, rate: 0.745 },
  so_far: { scale: 'ratio', estimate: 0.072, lower: 0.011, upper: 0.133 },
};
const holdout: Holdout = {
  enabled: true,
  share: 0.02,
  weeks: 4,
  now: { week: '2026-w43', model: '2026-w39.1', reason: 'production on 2026-09-20' },
  split: { broken: false },
  metrics: [
    { metric: 'thumbs_up', weeks: [week, { ...week, week: '2026-w44', so_far: null }] },
    { metric: 'error', weeks: [] },
  ],
};
const drawn = (over: Partial<Holdout> = {}) =>
  renderToStaticMarkup(createElement(GainShown, { holdout: { ...holdout, ...over } }));

it('draws each week that can be compared and says in words what it draws', () => {
  const page = drawn();
  expect(page.match(/class="interval"/g)).toHaveLength(1);
  expect(page).toContain('+7.2 %, between +1.1 % and +13.3 %');
  expect(page).toContain('not enough to compare yet');
  expect(page).toContain('production on 2026-09-20');
  expect(page).not.toContain('data-metric="error"');
});

it('says when nothing is clear, and which unit a difference has', () => {
  const effect = { scale: 'difference', estimate: -0.005, lower: -0.012, upper: 0.002 };
  expect(gainText(effect)).toBe(
    '−0.5 points, between −1.2 points and +0.2 points: no clear change',
  );
});

it('says that nobody is held out, that production answers them, and that the split is broken', () => {
  expect(drawn({ enabled: false, now: null })).toContain('Nobody is held out.');
  expect(drawn({ now: { week: '2026-w43', model: null, reason: 'nothing was there' } })).toContain(
    'production answers them too',
  );
  expect(drawn({ split: { broken: true } })).toContain('nothing can be concluded');
});
