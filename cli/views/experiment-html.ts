/**
 * An analysed experiment as one self-contained page: no script, no request, one style sheet that the page's own
 * policy allows by its hash. Drawings, sentences and a table say the same. Pure but for the hash.
 */
import { createHash } from 'node:crypto';
import type { MetricAnalysis, StageAnalysis } from '../../core/statistics/analysis.ts';
import type { ExperimentAnalysis } from '../experiment-analysis.ts';
import { number, percent } from '../layout.ts';
import { neutralise } from '../safe-text.ts';
import { effectChart, escapeHtml, stageChart } from './experiment-charts.ts';
import {
  effectText,
  fixedText,
  leftOutText,
  moreText,
  pText,
  rateTextOf,
  ratioText,
  verdictText,
} from './experiment-view.ts';

const STYLE = `
:root{color-scheme:light dark;--ink:#1b1d21;--quiet:#565b66;--paper:#fff;--rule:#c9cdd6}
@media (prefers-color-scheme:dark){:root{--ink:#eceef2;--quiet:#a9afbb;--paper:#15171b;--rule:#454a55}}
*{box-sizing:border-box}
body{margin:0 auto;max-width:46rem;padding:1rem;background:var(--paper);color:var(--ink);font:1rem/1.5 system-ui,sans-serif;overflow-wrap:anywhere}
h1{font-size:1.4rem;margin:.5rem 0}
h2{font-size:1.15rem;margin:0 0 .25rem}
section{border-top:1px solid var(--rule);margin-top:1.5rem;padding-top:1.25rem}
p{margin:.4rem 0}
figure{margin:.9rem 0}
figcaption{margin-top:.35rem;color:var(--quiet);font-size:.875rem}
svg{display:block;width:100%;max-width:32rem;height:auto}
svg text{fill:var(--ink);stroke:var(--paper);stroke-width:4px;paint-order:stroke;font-size:11px}
svg .strong{font-weight:600}
.verdict{font-weight:600;border:2px solid var(--ink);border-radius:.25rem;display:inline-block;padding:.1rem .55rem}
.axis{stroke:var(--rule);stroke-width:1}
.between{stroke:var(--ink);stroke-width:1.5}
.control{fill:var(--paper);stroke:var(--ink);stroke-width:2}
.treatment{fill:var(--ink);stroke:var(--paper);stroke-width:1}
.zero{stroke:var(--ink);stroke-width:1}
.tolerated{stroke:var(--ink);stroke-width:1.5;stroke-dasharray:6 4}
.ceiling{stroke:var(--ink);stroke-width:1.5;stroke-dasharray:1.5 3}
.sequence{stroke:var(--ink);stroke-width:4}
.fixed{stroke:var(--quiet);stroke-width:1.5}
.cut{fill:none}
.wide{overflow-x:auto}
table{border-collapse:collapse;font-size:.875rem;font-variant-numeric:tabular-nums}
caption{text-align:left;color:var(--quiet)}
th,td{padding:.2rem .7rem .2rem 0;text-align:right;white-space:nowrap}
th:first-child,td:first-child{text-align:left}
thead th{border-bottom:1px solid var(--rule)}
`;

const STYLE_HASH = createHash('sha256').update(STYLE).digest('base64');

const text = (value: string): string => escapeHtml(neutralise(value));

export function experimentHtml(analysis: ExperimentAnalysis, title: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'sha256-${STYLE_HASH}'; base-uri 'none'; form-action 'none'">
<title>${text(title)}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<h1>${text(title)}</h1>
<p>${number(analysis.rows)} rows of ${number(analysis.visitors)} visitors, by stage and never pooled. Left out: ${leftOutText(analysis)}.</p>
<p>Split: ${text(ratioText(analysis))}.</p>
${analysis.metrics.map(metricSection).join('\n')}
</main>
</body>
</html>
`;
}

function metricSection(metric: MetricAnalysis, index: number): string {
  const { effect, verdict } = metric;
  const fixed = fixedText(metric);
  const more = moreText(metric);
  const parts = [
    `<h2 id="metric-${index}">${text(metric.metric)}</h2>`,
    `<p class="verdict">${text(verdictText(metric))}</p>`,
    verdict ? `<p>${text(verdict.reason)}.</p>` : '',
    metric.improvement ? `<p>Improvement: ${text(metric.improvement.reason)}.</p>` : '',
    metric.stages.length > 0
      ? figure(stageChart(metric), 'By stage: ring control, square treatment.')
      : '',
    `<p><strong>Effect:</strong> ${text(effectText(metric))}.</p>`,
    effect.kind === 'effect' ? figure(effectChart(metric, effect), effectCaption(metric)) : '',
    effect.kind === 'effect'
      ? `<p>p at every look ${pText(effect.sequence.p)}; ${text(fixed ?? '')}.</p>`
      : '',
    more === null ? '' : `<p>Users still needed: ${text(more)}.</p>`,
    metric.stages.length > 0 ? stageTable(metric) : '',
  ];
  const body = parts.filter((part) => part !== '').join('\n');
  return `<section aria-labelledby="metric-${index}">\n${body}\n</section>`;
}

const figure = (drawing: string, caption: string) =>
  `<figure>${drawing}<figcaption>${text(caption)}</figcaption></figure>`;

function effectCaption({ limits }: MetricAnalysis): string {
  const bars = 'Thick: 95 % at every look. Thin: 95 % if this was the only look. Arrow: goes on.';
  if (limits === null) return bars;
  const worse = Math.sign(limits.tolerated || limits.ceiling || 0);
  const side = worse === 0 ? '' : ` Further ${worse > 0 ? 'right' : 'left'} is worse.`;
  return `${bars}${side}`;
}

function stageTable(metric: MetricAnalysis): string {
  const rateText = rateTextOf(metric);
  const head = ['stage', 'arm', 'users', 'n', 'y', 'rate', 'weight', "Cohen's d"];
  const rows = metric.stages.flatMap((stage) => [
    armRow(stage, 'control', rateText),
    armRow(stage, 'treatment', rateText),
  ]);
  return `<div class="wide" tabindex="0" role="region" aria-label="numbers by stage"><table>
<caption>Numbers by stage</caption>
<thead><tr>${head.map((name) => `<th scope="col">${text(name)}</th>`).join('')}</tr></thead>
<tbody>${rows.join('')}</tbody>
</table></div>`;
}

function armRow(
  stage: StageAnalysis,
  arm: 'control' | 'treatment',
  rateText: (rate: number) => string,
): string {
  const { users, n, y, rate } = stage[arm];
  const d = stage.asIfIndependent?.cohenD ?? null;
  const last = arm === 'control' ? ['', ''] : [percent(stage.weight), number(d)];
  const cells = [arm, number(users), number(n), number(y), rateText(rate), ...last];
  return `<tr><th scope="row">${text(stage.stage)}</th>${cells.map((cell) => `<td>${text(cell)}</td>`).join('')}</tr>`;
}
