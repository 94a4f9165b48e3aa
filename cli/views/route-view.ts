/**
 * Who gets which model, and how it came to be, for people. Pure.
 */
import { facts, minute, number, page, percent, section, table } from '../layout.ts';
import { type Live, live, type Route } from '../schemas.ts';

/** The live table in three lines; also part of the status page. */
export function liveFacts(table: Live): string {
  const candidate = table.candidate ?? null;
  const share = (table.share_bp ?? 0) / 10_000;
  return facts([
    ['production', table.production],
    ['candidate', candidate === null ? 'none' : `${candidate}, ${percent(share)} of visitors`],
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

/** One side of a change: a model, a share, or a whole table. */
function side(value: unknown): string | null {
  if (value === null || value === undefined) return null;
  if (typeof value !== 'object') return String(value);
  const table = live.safeParse(value);
  if (!table.success) return JSON.stringify(value);
  const { production, candidate, share_bp: shareBp } = table.data;
  return candidate
    ? `${production} + ${candidate} ${percent((shareBp ?? 0) / 10_000)}`
    : production;
}
