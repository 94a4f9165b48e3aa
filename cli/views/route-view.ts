/**
 * Who gets which model, and how it came to be, for people. Pure.
 */
import { facts, minute, number, page, percent, section, table } from '../layout.ts';
import type { Live, Route, RouteChange } from '../schemas.ts';

/** The live table in three lines; also part of the status page. */
export function liveFacts(table: Live): string {
  return facts([
    ['production', table.production],
    ['candidate', candidateText(table)],
    ['table', `version ${number(table.version)}`],
  ]);
}

export function routePage(route: Route): string {
  const newestFirst = route.history.toSorted((a, b) => b.version - a.version);
  return page(
    section('Live', liveFacts(route.table)),
    section(
      'History',
      table(
        [
          { title: 'version', right: true },
          { title: 'at (UTC)' },
          { title: 'who', max: 32 },
          { title: 'action' },
          { title: 'from', max: 44 },
          { title: 'to', max: 44 },
          { title: 'why', max: 80 },
        ],
        newestFirst.map((change) => [
          change.version,
          minute(change.at),
          change.who,
          change.action,
          side(change.from),
          side(change.to),
          change.reason,
        ]),
        'Nothing was changed yet.',
      ),
    ),
  );
}

export function candidateText({ candidate, share_bp: shareBp }: Live): string {
  return candidate === null ? 'none' : `${candidate}, ${percent(shareBp / 10_000)} of visitors`;
}

/** One side of a change. */
function side(table: RouteChange['to']): string {
  if (table === null) return 'unreadable';
  const { production, candidate, share_bp: shareBp } = table;
  return candidate === null
    ? production
    : `${production} + ${candidate} ${percent(shareBp / 10_000)}`;
}
