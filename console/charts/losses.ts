// Gathers the losses that polling sees of a running job, so that a line can be drawn from them. Pure.
// A new job, attempt or phase starts a new line; a step seen twice counts once.
import type { Job } from '../api/schema.ts';
import type { Point } from './scale.ts';

export interface Losses {
  run: string;
  points: readonly Point[];
}

export const noLosses: Losses = { run: '', points: [] };

const MOST = 400;

export function gather(before: Losses, job: Job | null | undefined): Losses {
  if (!job) return before;
  const progress = job.progress ?? {};
  const run = `${job.id}/${job.attempt ?? 0}/${progress.phase ?? ''}`;
  if (job.losses && job.losses.length > 0) return { run, points: thinned(firstRun(job.losses)) };
  const { step, loss } = progress;
  if (typeof step !== 'number' || typeof loss !== 'number') return before;
  if (before.run !== run) return { run, points: [[step, loss]] };
  const last = before.points.at(-1);
  if (last !== undefined && step <= last[0]) return before;
  return { run, points: [...before.points, [step, loss] as const].slice(-MOST) };
}

// A second phase counts its steps from the start again and has another loss: it is another line.
function firstRun(points: readonly Point[]): readonly Point[] {
  const restart = points.findIndex(([step], i) => step <= (points[i - 1]?.[0] ?? -1));
  return restart === -1 ? points : points.slice(0, restart);
}

function thinned(points: readonly Point[]): readonly Point[] {
  const every = Math.ceil(points.length / MOST);
  return points.filter((_, i) => i % every === 0 || i === points.length - 1);
}
