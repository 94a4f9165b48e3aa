/**
 * The history as people read it: its rows, one moment, and what a verification found. Pure.
 */
import { facts, instant, minute, number, page, section, table } from '../layout.ts';
import type { HistoryMoment, HistoryRow, VerifiedPage } from '../schemas.ts';
import { liveFacts } from './route-view.ts';

export type Verification = {
  checked: number;
  damage: VerifiedPage['damage'];
  end: VerifiedPage['end'];
};

/** A row whose time somebody destroyed is shown all the same. */
const timeOf = (text: string): string => (Number.isNaN(Date.parse(text)) ? text : minute(text));

export function historyList(rows: readonly HistoryRow[]): string {
  return table(
    [
      { title: 'row', right: true },
      { title: 'at (UTC)' },
      { title: 'kind' },
      { title: 'action' },
      { title: 'about', max: 40 },
      { title: 'who', max: 32 },
      { title: 'what', max: 60 },
      { title: 'why', max: 80 },
    ],
    rows.map((row) => [
      row.seq,
      timeOf(row.at),
      row.kind,
      row.action,
      row.subject,
      row.who,
      row.summary,
      row.reason,
    ]),
    'Nothing was decided yet.',
  );
}

export function historyPage(row: HistoryRow): string {
  return page(
    section(
      `Row ${number(row.seq)}`,
      facts([
        ...rowFacts(row),
        ['kind', `${row.kind}, ${row.action}`],
        ['about', row.subject],
        ['key', row.key],
      ]),
    ),
    section(
      'Signature',
      facts([
        ['signed with', row.key_id],
        ['hash', row.hash],
        ['row before', row.prev_hash],
      ]),
    ),
    section('Body', JSON.stringify(row.body, null, 2)),
  );
}

function rowFacts(row: HistoryRow): [string, string][] {
  const old = `, taken over on ${timeOf(row.chained_at)}: signed since then only`;
  return [
    ['at', `${timeOf(row.at)} UTC${row.taken_over ? old : ''}`],
    ['what', row.summary],
    ['who', row.who],
    ['why', row.reason],
  ];
}

export function momentPage(moment: HistoryMoment): string {
  const { because, live, until } = moment;
  return page(
    section(
      `Live at ${instant(moment.at)}`,
      live === null ? '  a table that this version cannot read' : liveFacts(live),
    ),
    because === null
      ? 'Nothing had been changed by then.'
      : section(
          'Because',
          facts([
            ['row', `${number(because.seq)} (bruno history show ${because.seq})`],
            ...rowFacts(because),
            [
              'signature',
              moment.row_intact === true
                ? 'this row is as it was signed (all rows: bruno history verify)'
                : 'DOES NOT FIT this row: run bruno history verify',
            ],
          ]),
        ),
    section(
      'Until',
      until === null ? '  now' : facts([['at', `${timeOf(until.at)} UTC, ${until.summary}`]]),
    ),
  );
}

const HEADS: ReadonlyMap<string, string> = new Map([
  ['matches', 'the published head is this end'],
  [
    'behind',
    'the published head is an earlier row of this chain; the next sweep publishes this end',
  ],
  ['damaged', 'a published head does not fit'],
  ['missing', 'no head is published'],
  ['unreachable', 'the published head cannot be read: the object store does not answer'],
  ['none_needed', 'there is nothing to publish'],
]);

export function verificationPage({ checked, damage, end }: Verification): string {
  const head = end === null ? 'not looked at' : (HEADS.get(end.head) ?? end.head);
  const published = end?.published == null ? '' : ` (row ${number(end.published)})`;
  const found = facts([
    ['rows verified', checked],
    ['last row', end === null || end.seq === 0 ? 'none' : `${number(end.seq)}, ${end.hash ?? ''}`],
    ['outside', `${head}${published}`],
    ['result', damage.length === 0 ? 'no damage found' : `${number(damage.length)} damages found`],
  ]);
  if (damage.length === 0) return found;
  return page(
    found,
    table(
      [{ title: 'damage' }, { title: 'row', right: true }, { title: 'what was found', max: 160 }],
      damage.map((one) => [
        one.problem.replaceAll('_', ' '),
        one.seq === one.until ? one.seq : `${one.seq}-${one.until}`,
        one.sentence,
      ]),
      '',
    ),
  );
}
