// A routing table, or a part of one, in a few words. Pure; used by the routing history, whose old
// entries may be in older shapes: what cannot be read is said to be so, never guessed.
import * as z from 'zod/mini';
import { basisPoints } from '../format.ts';

const tableSchema = z.object({
  production: z.optional(z.nullable(z.string())),
  experiment: z.optional(z.nullable(z.object({ candidate: z.string(), shareBp: z.number() }))),
});

export function describeRoute(route: unknown): string {
  if (route === null || route === undefined) return 'nothing';
  if (typeof route === 'string') return route;
  const parsed = tableSchema.safeParse(route);
  if (!parsed.success || !parsed.data.production) return 'an unreadable table';
  const { production, experiment } = parsed.data;
  if (!experiment) return production;
  return `${production} with ${experiment.candidate} at ${basisPoints(experiment.shareBp)}`;
}
