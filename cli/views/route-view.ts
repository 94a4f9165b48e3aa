/**
 * Who gets which model, and how it came to be, for people. Pure.
 */
import { facts, minute, number, page, percent, section, table } from '../layout.ts';
import type { Live, Route, RouteChange } from '../schemas.ts';

/** The live table in three lines; also part of the status page. */
export function liveFacts(table: Live): string {
  return facts([
    ['production', productionText(table)],
    ...candidates(table).map((text): [string, string] => ['candidate', text]),
    ...heldOut(table),
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
        route.history_read
          ? 'Nothing was changed yet.'
          : 'The record cannot be read just now, so what was changed is not known here.',
      ),
    ),
  );
}

const heldOut = ({ holdout, production }: Live): [string, string][] =>
  holdout
    ? [['held out', `${percent(holdout.share_bp / 10_000)} on ${holdout.model ?? production}`]]
    : [];

export const candidatesText = (table: Live) => candidates(table).join('; ');

/** One text for each experiment; a table of an older server has one at most. */
function candidates({ candidate, share_bp: shareBp, experiments = [] }: Live): string[] {
  const share = (bp: number) => percent(bp / 10_000);
  const [one, ...more] = experiments;
  if (one === undefined || (more.length === 0 && isWhole(one))) {
    return [candidate === null ? 'none' : `${candidate}, ${share(shareBp)} of visitors`];
  }
  return experiments.map(
    (each) =>
      `${each.candidate}, ${share(each.share_bp)} of a slice of ${share(each.to_bp - each.from_bp)} (${each.id})`,
  );
}

const productionText = ({ production, settings }: Live) =>
  settings ? `${production} with ${settings.id}` : production;

const isWhole = ({ from_bp, to_bp }: { from_bp: number; to_bp: number }) =>
  from_bp === 0 && to_bp === 10_000;

/** One side of a change. */
function side(table: RouteChange['to']): string {
  if (table === null) return 'unreadable';
  const { candidate, share_bp, experiments } = table;
  const tried = experiments ?? (candidate === null ? [] : [{ candidate, share_bp }]);
  return [
    productionText(table),
    ...tried.map((one) => `${one.candidate} ${percent(one.share_bp / 10_000)}`),
  ].join(' + ');
}
