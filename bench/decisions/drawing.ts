// The summary as one self-contained SVG: a bar a scenario, cut into the shares of its outcomes. Each
// outcome has a pattern of its own and a number where it fits, so that it reads without colour. Pure.

import type { CellSummary, Counted, Summary } from './summary.ts';
import { percent, verdictOf } from './text.ts';

const WIDTH = 980;
const BAR = { left: 230, right: 700, height: 20, gap: 10, top: 118 } as const;

/** `ink` on `paper`, by a pattern of lines. */
const OUTCOMES = [
  { of: 'promoted', paper: '#1f2328', lines: '', text: '#ffffff' },
  { of: 'rolled_back', paper: '#ffffff', lines: 'M0 8L8 0', text: '#1f2328' },
  { of: 'frozen', paper: '#ffffff', lines: 'M0 4H8M4 0V8', text: '#1f2328' },
  { of: 'inconclusive', paper: '#eaeef2', lines: '', text: '#1f2328' },
] as const satisfies readonly { of: Counted; paper: string; lines: string; text: string }[];

const escapeXml = (text: string) =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
const words = (name: string) => name.replaceAll('_', ' ');

const patterns = OUTCOMES.map(
  ({ of, paper, lines }) =>
    `<pattern id="${of}" width="8" height="8" patternUnits="userSpaceOnUse"><rect width="8" height="8" fill="${paper}"/>` +
    `<path d="${lines === '' ? 'M0 0' : lines}" stroke="#1f2328" stroke-width="1"/></pattern>`,
).join('');

function bar(cell: CellSummary, y: number): string {
  const length = BAR.right - BAR.left;
  let x: number = BAR.left;
  const parts = OUTCOMES.map(({ of, text, lines }) => {
    const { rate } = cell.shares[of];
    if (!(rate > 0)) return '';
    const width = rate * length;
    const label = percent(rate);
    const middle = (x + width / 2).toFixed(1);
    const halo = lines === '' ? '' : ' stroke="#ffffff" stroke-width="4" paint-order="stroke"';
    const drawn =
      `<rect x="${x.toFixed(1)}" y="${y}" width="${width.toFixed(1)}" height="${BAR.height}" fill="url(#${of})" stroke="#1f2328"><title>${words(of)} ${label}</title></rect>` +
      (width > 48
        ? `<text x="${middle}" y="${y + 14}" text-anchor="middle" font-size="11" fill="${text}"${halo}>${label}</text>`
        : '');
    x += width;
    return drawn;
  });
  const goals = cell.goals.map(({ result }) => result);
  const goal = goals.length === 0 ? '' : goals.includes('missed') ? '✗ missed' : '✓ met';
  const end = cell.medianHours === null ? '-' : `${Number(cell.medianHours.toFixed(1))} h`;
  return [
    `<text x="${BAR.left - 10}" y="${y + 14}" text-anchor="end">${escapeXml(cell.name)}</text>`,
    cell.runs === 0 ? `<text x="${BAR.left + 6}" y="${y + 14}" fill="#656d76">not run</text>` : '',
    ...parts,
    `<text x="${BAR.right + 74}" y="${y + 14}" text-anchor="end">${end}</text>`,
    `<text x="${BAR.right + 150}" y="${y + 14}" text-anchor="end">${cell.runs}</text>`,
    `<text x="${BAR.right + 176}" y="${y + 14}">${goals.includes('unknown') ? '?' : goal}</text>`,
  ].join('\n');
}

function legend(y: number): string {
  return OUTCOMES.map(({ of }, at) => {
    const x = BAR.left + at * 118;
    return (
      `<rect x="${x}" y="${y}" width="18" height="14" fill="url(#${of})" stroke="#1f2328"/>` +
      `<text x="${x + 24}" y="${y + 12}">${words(of)}</text>`
    );
  }).join('\n');
}

/** A complete SVG document, also for no cell. */
export function summarySvg(summary: Summary): string {
  const step = BAR.height + BAR.gap;
  const groups = (['sequential', 'literal'] as const)
    .map((policy) => ({ policy, cells: summary.cells.filter((cell) => cell.policy === policy) }))
    .filter(({ cells }) => cells.length > 0);
  let y: number = BAR.top;
  const drawn = groups.map(({ policy, cells }) => {
    const title = policy === 'sequential' ? 'The rule' : 'Fixed thresholds, for comparison';
    const head =
      `<text x="${BAR.left}" y="${y}" font-weight="600">${title}</text>` +
      `<text x="${BAR.right + 74}" y="${y}" text-anchor="end" fill="#656d76">median end</text>` +
      `<text x="${BAR.right + 150}" y="${y}" text-anchor="end" fill="#656d76">runs</text>` +
      `<text x="${BAR.right + 176}" y="${y}" fill="#656d76">goal</text>`;
    const bars = cells.map((cell, at) => bar(cell, y + 10 + at * step));
    y += 10 + cells.length * step + 34;
    return [head, ...bars].join('\n');
  });
  const subtitle = `seed ${summary.seed}, code ${summary.code}, Node ${summary.node}`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${y}" width="${WIDTH}" height="${y}" font-family="system-ui, sans-serif" font-size="13" fill="#1f2328" role="img">`,
    '<title>How simulated rollouts ended</title>',
    `<desc>${escapeXml(verdictOf(summary))}</desc>`,
    `<defs>${patterns}</defs>`,
    `<rect width="${WIDTH}" height="${y}" fill="#ffffff"/>`,
    '<text x="24" y="32" font-size="18" font-weight="600">How simulated rollouts ended</text>',
    `<text x="24" y="52" fill="#656d76">${escapeXml(subtitle)}</text>`,
    legend(68),
    ...drawn,
    '</svg>',
    '',
  ].join('\n');
}
