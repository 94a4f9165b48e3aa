// bench/RESULTS.md: each benchmark rewrites its own section, with the machine it ran on, and leaves the
// others as they are. No figure in there is typed by hand.

import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { cpus, loadavg, release, totalmem } from 'node:os';
import { join } from 'node:path';
import { writeAtomic } from '../../local/files.ts';
import { repoRoot } from '../../local/home.ts';
import { benchRoot } from './children.ts';
import { figure } from './statistics.ts';

/** Each is a script of this name; in this order they are run and written. */
export const SECTIONS = [
  'chat',
  'profile',
  'assignment',
  'routing-reads',
  'memory',
  'feedback',
  'soak',
] as const;
export type Section = (typeof SECTIONS)[number];

export const resultsFile = join(benchRoot, 'RESULTS.md');
const HEAD = `# Measured

Written by the scripts of this folder; how to run them: [README.md](README.md). Figures are medians over rounds; contenders
take turns within a round, and a ratio is the median of the rounds' own ratios, so that a busy machine slows both sides of it.
`;

export const marks = (section: Section) =>
  [`<!-- ${section} -->`, `<!-- end of ${section} -->`] as const;

function held(section: Section): string {
  if (!existsSync(resultsFile)) return '';
  const [from, to] = marks(section);
  const text = readFileSync(resultsFile, 'utf8');
  const start = text.indexOf(from);
  const end = text.indexOf(to);
  return start < 0 || end < start ? '' : text.slice(start + from.length, end).trim();
}

const workerdVersion = () =>
  execFileSync(join(repoRoot, 'node_modules', '.bin', 'workerd'), ['--version'], {
    encoding: 'utf8',
  }).trim();

/** Taken when the benchmark starts: what else the machine was doing then is part of the result. */
export function machine(): string {
  const [cpu] = cpus();
  const busy = loadavg().map(figure).join(', ');
  return `${new Date().toISOString().slice(0, 16)}Z on ${cpus().length} × ${cpu?.model.trim() ?? 'unknown'}, ${figure(totalmem() / 2 ** 30)} GiB, ${process.platform} ${release()}; Node ${process.versions.node}, ${workerdVersion()}. Load average before the start: ${busy}.`;
}

const QUICK =
  '**A quick run, to see that the script works: too short for its figures to be quoted.**';

/** `markdown` begins with the section's heading. */
export function writeSection(section: Section, markdown: string, quick: boolean): void {
  const [heading = '', ...rest] = markdown.trim().split('\n');
  const whole = [heading, ...(quick ? ['', QUICK] : []), ...rest].join('\n');
  const parts = SECTIONS.flatMap((name) => {
    const text = name === section ? whole : held(name);
    const [from, to] = marks(name);
    return text === '' ? [] : [`${from}\n\n${text}\n\n${to}`];
  });
  writeAtomic(resultsFile, `${[HEAD, ...parts].join('\n')}\n`, 0o644);
  process.stdout.write(`\n${whole}\n\nwritten into bench/RESULTS.md\n`);
}
