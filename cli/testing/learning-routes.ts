/**
 * The held-out slice and pruning on the stack that the command line's tests run against: bodies by the wire
 * schemas, answers as the admin API words them.
 */
import type { HoldoutAnswer } from '../../core/wire/holdout.ts';
import { pruneRequestSchema } from '../../core/wire/pruning.ts';

const arm = (users: number, n: number, y: number) => ({ users, n, y, rate: y / n });
const effect = (estimate: number, half: number) => ({
  scale: 'ratio' as const,
  estimate,
  lower: estimate - half,
  upper: estimate + half,
  p: 0.2,
});
const older = { held_out_models: ['2026-w38.1'], production_models: ['2026-w41.1'] };

export const holdout: HoldoutAnswer = {
  enabled: true,
  share: 0.02,
  weeks: 4,
  id: 'holdout-4w',
  production: '2026-w42.1',
  now: {
    week: '2026-w43',
    model: '2026-w39.1',
    counting: true,
    reason: 'production on 2026-09-20, for 2026-w43',
  },
  split: { broken: false, p: 1 },
  metrics: [
    {
      metric: 'thumbs_up',
      weeks: [
        {
          week: '2026-w42',
          ...older,
          held_out: arm(210, 480, 330),
          production: arm(204, 470, 345),
          effect: effect(0.068, 0.12),
          so_far: effect(0.068, 0.12),
        },
        {
          week: '2026-w43',
          held_out_models: ['2026-w39.1'],
          production_models: ['2026-w41.1', '2026-w42.1'],
          held_out: arm(198, 450, 311),
          production: arm(201, 462, 344),
          effect: effect(0.077, 0.125),
          so_far: effect(0.072, 0.061),
        },
      ],
    },
    {
      metric: 'error',
      weeks: [
        {
          week: '2026-w42',
          ...older,
          held_out: arm(210, 1900, 4),
          production: null,
          effect: null,
          so_far: null,
        },
        {
          week: '2026-w43',
          ...older,
          held_out: arm(198, 1800, 9),
          production: arm(201, 1850, 0),
          effect: { scale: 'difference', estimate: -0.005, lower: -0.012, upper: 0.002, p: 1 },
          so_far: null,
        },
      ],
    },
  ],
};

const created_at = '2026-07-05T03:00:00.000Z';
export const pruningPlan = {
  automatic: true,
  keep_last: 8,
  keep_days: 60,
  models: [
    { model_id: '2026-w42.1', created_at, bytes: 281_000_000, kept: 'in production' },
    { model_id: '2026-w27.2', created_at, bytes: 281_000_000, kept: null },
    { model_id: '2026-w27.1', created_at, bytes: 281_000_000, kept: null },
  ],
};
export const pruned = {
  pruned: ['2026-w27.1', '2026-w27.2'],
  deleted_from: '2026-10-18T02:10:00.000Z',
};

/** Null where the path is another's. */
export function learningRoute(
  key: string,
  body: unknown,
): { status: number; body: unknown } | null {
  switch (key) {
    case 'GET holdout':
      return { status: 200, body: holdout };
    case 'GET pruning':
      return { status: 200, body: pruningPlan };
    case 'POST pruning':
      pruneRequestSchema.parse(body);
      return { status: 200, body: pruned };
    default:
      return null;
  }
}
