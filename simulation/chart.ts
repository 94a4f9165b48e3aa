// Draws the weeks as one SVG line chart: held-out satisfaction against its ceiling, and what
// visitors of each week saw. Pure, no library; readable in light and dark viewers (own background).

import type { Result } from './report.ts';

const WIDTH = 860;
const HEIGHT = 480;
const PLOT = { left: 64, right: 640, top: 72, bottom: 412 } as const;

interface Line {
  name: string;
  colour: string;
  dash?: string;
  values: (number | null)[];
}

const escapeXml = (text: string) =>
  text.replace(/[&<>"]/g, (char) => `&#${char.codePointAt(0) ?? 0};`);
const yOf = (share: number) => PLOT.bottom - share * (PLOT.bottom - PLOT.top);

function xOf(at: number, count: number): number {
  const inset = 24;
  const span = PLOT.right - PLOT.left - 2 * inset;
  return PLOT.left + inset + (count < 2 ? span / 2 : (at * span) / (count - 1));
}

function linesOf({ weeks, ceiling }: Pick<Result, 'weeks' | 'ceiling'>): Line[] {
  return [
    { name: 'ceiling', colour: '#8a8f98', dash: '6 5', values: ceiling },
    {
      name: 'held-out satisfaction',
      colour: '#1f6feb',
      values: weeks.map((row) => row.heldOutSatisfaction),
    },
    { name: 'live satisfaction', colour: '#1a7f37', values: weeks.map((row) => row.satisfaction) },
    { name: 'thumbs up', colour: '#bf8700', values: weeks.map((row) => row.thumbsUpRate) },
    { name: 'hallucinated', colour: '#cf222e', values: weeks.map((row) => row.hallucinationRate) },
  ];
}

function drawLine({ colour, dash, values }: Line, count: number): string {
  const points = values.flatMap((value, at) =>
    value === null ? [] : [{ x: xOf(at, count).toFixed(1), y: yOf(value).toFixed(1) }],
  );
  if (points.length === 0) return '';
  const path = points.map(({ x, y }) => `${x},${y}`).join(' ');
  const style = dash === undefined ? '' : ` stroke-dasharray="${dash}"`;
  const dots = points.map(({ x, y }) => `<circle cx="${x}" cy="${y}" r="3.5" fill="${colour}"/>`);
  return [
    `<polyline points="${path}" fill="none" stroke="${colour}" stroke-width="2.5"${style}/>`,
    ...(dash === undefined ? dots : []),
  ].join('\n');
}

/** Names at the right end of their lines, pushed apart where lines end close together. */
function drawLegend(lines: readonly Line[]): string {
  const gap = 20;
  const wanted = lines
    .flatMap((line) => {
      const value = line.values.findLast((it) => it !== null);
      return value === undefined || value === null ? [] : [{ line, value, y: yOf(value) }];
    })
    .toSorted((a, b) => a.y - b.y);
  let free = PLOT.top;
  const floor = PLOT.bottom + gap / 2 - wanted.length * gap;
  return wanted
    .map(({ line, value, y }, at) => {
      const placed = Math.max(free, Math.min(y, floor + at * gap));
      free = placed + gap;
      const label = `${escapeXml(line.name)} ${(value * 100).toFixed(0)}%`;
      return `<text x="${PLOT.right + 12}" y="${(placed + 4).toFixed(1)}" fill="${line.colour}">${label}</text>`;
    })
    .join('\n');
}

function drawAxes(weeks: Result['weeks']): string {
  const grid = [0, 0.25, 0.5, 0.75, 1].map((share) => {
    const y = yOf(share).toFixed(1);
    return (
      `<line x1="${PLOT.left}" y1="${y}" x2="${PLOT.right}" y2="${y}" stroke="#d8dee4"/>` +
      `<text x="${PLOT.left - 10}" y="${Number(y) + 4}" text-anchor="end">${share * 100}%</text>`
    );
  });
  const ticks = weeks.map((row, at) => {
    const x = xOf(at, weeks.length).toFixed(1);
    return (
      `<text x="${x}" y="${PLOT.bottom + 22}" text-anchor="middle">${row.week}</text>` +
      `<text x="${x}" y="${PLOT.bottom + 38}" text-anchor="middle" font-size="10" fill="#656d76">${escapeXml(row.modelVersion)}</text>`
    );
  });
  const middle = (PLOT.left + PLOT.right) / 2;
  const centre = (PLOT.top + PLOT.bottom) / 2;
  return [
    ...grid,
    ...ticks,
    `<text x="${middle}" y="${HEIGHT - 10}" text-anchor="middle">week, and the model live in it</text>`,
    `<text transform="translate(18 ${centre}) rotate(-90)" text-anchor="middle">share of answers</text>`,
  ].join('\n');
}

/** A complete SVG document, also for zero rows. */
export function chartSvg(
  result: Pick<Result, 'weeks' | 'ceiling' | 'model' | 'bank' | 'seed'>,
): string {
  const lines = linesOf(result);
  const subtitle = `bank ${result.bank}, model ${result.model}, seed ${result.seed}`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}" font-family="system-ui, sans-serif" font-size="13" fill="#1f2328" role="img">`,
    '<title>What the assistant learned, week by week</title>',
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#ffffff"/>`,
    `<text x="${PLOT.left}" y="30" font-size="18" font-weight="600">What the assistant learned, week by week</text>`,
    `<text x="${PLOT.left}" y="50" fill="#656d76">${escapeXml(subtitle)}</text>`,
    drawAxes(result.weeks),
    result.weeks.length === 0
      ? `<text x="${PLOT.left + 20}" y="${PLOT.top + 30}">No week was run.</text>`
      : '',
    ...lines.map((line) => drawLine(line, result.weeks.length)),
    drawLegend(lines),
    '</svg>',
    '',
  ].join('\n');
}
