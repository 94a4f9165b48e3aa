// A routing table in a few words. Pure; used by the routing history. A side that the server could not
// read is said to be so, never guessed.
import type { RouteTable } from '../api/schema.ts';
import { basisPoints } from '../format.ts';

export function describeRoute(table: RouteTable | null | undefined): string {
  if (!table) return 'an unreadable table';
  const { production, candidate } = table;
  return candidate
    ? `${production} with ${candidate} at ${basisPoints(table.share_bp)}`
    : production;
}
