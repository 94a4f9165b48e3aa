// The history: one chain of rows, each signed over itself and the one before. This file says what is
// signed and finds what does not fit; whoever calls it brings the rows and the key. No IO.
//
// What is signed: HMAC-SHA256 over the row as canonical JSON (RFC 8785: no white space, names sorted by
// UTF-16 code units) with exactly the fields of `serialise`. Times are ISO 8601 in UTC with
// milliseconds. The key is the ring's entry named by `keyId`, derived by HKDF for this purpose alone.

export interface HistoryEntry {
  /** Idempotency: the same key twice is one row. */
  key: string;
  kind: string;
  action: string;
  subject: string;
  at: Date;
  who: string;
  reason: string;
  summary: string;
  body: unknown;
}

export interface HistoryRow extends HistoryEntry {
  seq: number;
  chainedAt: Date;
  keyId: string;
  prevHash: string;
  hash: string;
}

/** The hash before the first row. */
export const GENESIS = '0'.repeat(64);

/** Signs for a key id, in hex; undefined where the ring no longer holds that key. */
export type Signer = (keyId: string, text: string) => Promise<string | undefined>;

/** RFC 8785, for what JSON.parse can give; a field that is undefined is left out. */
export function canonicalJson(value: unknown): string {
  if (value === null || typeof value !== 'object') return JSON.stringify(value) ?? 'null';
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  const fields = Object.entries(value)
    .filter(([, field]) => field !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, field]) => `${JSON.stringify(name)}:${canonicalJson(field)}`);
  return `{${fields.join(',')}}`;
}

/** A time that somebody made none (Postgres knows "infinity") must not end the verification. */
export const isoTime = (time: Date): string =>
  Number.isNaN(time.getTime()) ? 'no time' : time.toISOString();

/** Exactly what a row's hash is over. A new field needs a new `v`. */
export function serialise(row: Omit<HistoryRow, 'hash'>): string {
  return canonicalJson({
    v: 1,
    seq: row.seq,
    key: row.key,
    kind: row.kind,
    action: row.action,
    subject: row.subject,
    at: isoTime(row.at),
    chained_at: isoTime(row.chainedAt),
    who: row.who,
    reason: row.reason,
    summary: row.summary,
    body: row.body,
    key_id: row.keyId,
    prev_hash: row.prevHash,
  });
}

/** What lies outside Postgres: how long the chain was and what it ended in, signed like a row. */
export interface PublishedHead {
  seq: number;
  hash: string;
  at: string;
  keyId: string;
}

/** How the published head stands to the end of the chain. */
export const HEAD_STATES = [
  'matches',
  'behind',
  'damaged',
  'missing',
  'unreachable',
  'none_needed',
] as const;
export type HeadState = (typeof HEAD_STATES)[number];

export const serialiseHead = (head: PublishedHead): string =>
  canonicalJson({ v: 1, head: head.seq, hash: head.hash, at: head.at, key_id: head.keyId });

export const PROBLEMS = [
  'changed',
  'missing',
  'reordered',
  'unlinked',
  'key_unknown',
  'cut_off',
  'rewritten',
  'head_missing',
  'head_forged',
  'projection_differs',
] as const;
export interface Damage {
  problem: (typeof PROBLEMS)[number];
  /** The first and last row it is about. */
  seq: number;
  until: number;
  sentence: string;
}

export const damage = (
  problem: Damage['problem'],
  [seq, until]: readonly [number, number],
  sentence: string,
): Damage => ({ problem, seq, until, sentence });

export const rowsText = (from: number, to: number) =>
  from === to ? `row ${from}` : `rows ${from} to ${to}`;

type Standing = 'intact' | 'changed' | 'reordered' | 'key_unknown';
interface Examined {
  row: HistoryRow;
  standing: Standing;
  /** The place it was written at; its own unless it was moved. */
  original: number;
}

/** How far beyond its page a row that was moved is looked for. */
const REACH = 32;

async function examine(
  row: HistoryRow,
  places: readonly number[],
  sign: Signer,
): Promise<Examined> {
  const expected = await sign(row.keyId, serialise(row));
  if (expected === undefined) return { row, standing: 'key_unknown', original: row.seq };
  if (expected === row.hash) return { row, standing: 'intact', original: row.seq };
  for (const place of places) {
    if (place === row.seq) continue;
    if ((await sign(row.keyId, serialise({ ...row, seq: place }))) === row.hash) {
      return { row, standing: 'reordered', original: place };
    }
  }
  return { row, standing: 'changed', original: row.seq };
}

/**
 * What is wrong with one page of the chain.
 * @param rows in order of `seq`
 * @param before the row before the page; null at the beginning of the chain
 */
export async function checkPage(
  rows: readonly HistoryRow[],
  before: HistoryRow | null,
  sign: Signer,
): Promise<Damage[]> {
  const all = before === null ? [...rows] : [before, ...rows];
  const first = (all[0]?.seq ?? 1) - REACH;
  const last = (all.at(-1)?.seq ?? 0) + REACH;
  const places = Array.from({ length: last - first + 1 }, (_, index) => first + index).filter(
    (place) => place >= 1,
  );
  const examined: Examined[] = [];
  for (const row of all) examined.push(await examine(row, places, sign));
  const own = examined.slice(before === null ? 0 : 1);
  return [
    ...missingRows(own, examined, before?.seq ?? 0),
    ...own.flatMap(({ row, standing, original }) => {
      const what = `row ${row.seq} (${row.key}, ${isoTime(row.at)})`;
      const own: [number, number] = [row.seq, row.seq];
      if (standing === 'changed') return [damage('changed', own, `${what} was changed`)];
      if (standing === 'key_unknown') {
        const why = `signed with key ${row.keyId}, which TOKEN_KEYS no longer holds`;
        return [damage('key_unknown', own, `${what} cannot be verified: it was ${why}`)];
      }
      if (standing === 'reordered') {
        return [damage('reordered', own, `${what} was moved: it was written as row ${original}`)];
      }
      return [];
    }),
    ...brokenLinks(examined, before === null),
  ];
}

/** Places that no row was written at: counted by where rows were written, not by where they stand. */
function missingRows(own: readonly Examined[], all: readonly Examined[], after: number): Damage[] {
  const written = new Set(all.map(({ original }) => original));
  const from = Math.max(after, ...all.slice(0, all.length - own.length).map((one) => one.original));
  const to = Math.max(from, ...own.map(({ original }) => original));
  const found: Damage[] = [];
  for (let place = from + 1; place <= to; place += 1) {
    if (written.has(place)) continue;
    const run = found.at(-1);
    if (run !== undefined && run.until === place - 1) run.until = place;
    else found.push(damage('missing', [place, place], ''));
  }
  return found.map((run) => ({
    ...run,
    sentence: `${rowsText(run.seq, run.until)} ${run.seq === run.until ? 'is' : 'are'} missing`,
  }));
}

/** Intact rows that do not follow each other: only somebody with the key can have written them. */
function brokenLinks(examined: readonly Examined[], fromStart: boolean): Damage[] {
  return examined.flatMap(({ row, standing }, index) => {
    if (standing !== 'intact') return [];
    const previous = examined[index - 1];
    if (previous === undefined) {
      if (!fromStart || row.seq !== 1 || row.prevHash === GENESIS) return [];
    } else {
      if (previous.standing !== 'intact' || previous.row.seq !== row.seq - 1) return [];
      if (previous.row.hash === row.prevHash) return [];
    }
    const sentence = `row ${row.seq} (${row.key}) does not follow the row before it`;
    return [damage('unlinked', [row.seq, row.seq], sentence)];
  });
}

/**
 * The end of the chain against a head that was published.
 * @param hashAt the hash of the row at the head's place; undefined where there is no such row
 */
export function checkHead(
  head: PublishedHead,
  chain: { lastSeq: number; hashAt: string | undefined },
): Damage[] {
  if (head.seq > chain.lastSeq) {
    const from = chain.lastSeq + 1;
    const what = `${rowsText(from, head.seq)} ${from === head.seq ? 'was' : 'were'} cut off`;
    const proof = `the head of ${head.at} counts ${head.seq}, the record has ${chain.lastSeq}`;
    return [damage('cut_off', [from, head.seq], `${what}: ${proof}`)];
  }
  if (chain.hashAt === head.hash) return [];
  const sentence = `row ${head.seq} is not the one that was published on ${head.at}: the chain was rewritten up to there`;
  return [damage('rewritten', [head.seq, head.seq], sentence)];
}
