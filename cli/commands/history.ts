/**
 * `bruno history list|show|at|verify`: what was decided, and whether the record of it is whole.
 * Verification runs on the server, which has the key; here its pages are asked for and added up.
 */
import { segment } from '../client.ts';
import { UsageError } from '../errors.ts';
import { parseCount, parseId, parseInstant } from '../option-values.ts';
import { argument, type Command, textOption } from '../outcome.ts';
import { historyMoment, historyRow, historyRows, verifiedPage } from '../schemas.ts';
import {
  historyList,
  historyPage,
  momentPage,
  type Verification,
  verificationPage,
} from '../views/history-view.ts';

const MOST_SEQ = 2_147_483_647;

export const listHistory: Command = async ({ client, options }) => {
  const query = new URLSearchParams();
  for (const name of ['kind', 'subject'] as const) {
    const given = textOption(options, name);
    if (given !== undefined) query.set(name, parseId(given, `--${name}`));
  }
  const before = textOption(options, 'before');
  if (before !== undefined) {
    query.set('before', String(parseCount(before, '--before', { least: 1, most: MOST_SEQ })));
  }
  const limit = textOption(options, 'limit');
  if (limit !== undefined) {
    query.set('limit', String(parseCount(limit, '--limit', { least: 1, most: 200 })));
  }
  const rows = await client.get(`/admin/history?${query}`, historyRows);
  return { document: { rows }, text: historyList(rows) };
};

export const showHistory: Command = async (call) => {
  const id = argument(call, 0);
  // They are the API's own words for something else.
  if (id === 'at' || id === 'verify') {
    throw new UsageError(`bruno history show needs a row's number or key, not "${id}"`);
  }
  const document = await call.client.get(
    `/admin/history/${segment(parseId(id, 'ROW'))}`,
    historyRow,
  );
  return { document, text: historyPage(document) };
};

export const historyAt: Command = async (call) => {
  const at = parseInstant(argument(call, 0), 'TIME');
  const path = `/admin/history/at?at=${encodeURIComponent(at)}`;
  const document = await call.client.get(path, historyMoment);
  return { document, text: momentPage(document) };
};

export const verifyHistory: Command = async ({ client, progress }) => {
  const found: Verification = { checked: 0, damage: [], end: null };
  let after: number | null = null;
  do {
    const path: string = `/admin/history/verify${after === null ? '' : `?after=${after}`}`;
    const page = await client.get(path, verifiedPage);
    found.checked += page.checked;
    found.damage.push(...page.damage);
    found.end = page.end;
    after = page.next_after;
    progress.show(`verified ${found.checked} rows`, 'verify');
  } while (after !== null);
  // Without the head nobody can say that the end is still there.
  const isWhole = found.damage.length === 0 && found.end?.head !== 'unreachable';
  const outcome = { document: { ok: isWhole, ...found }, text: verificationPage(found) };
  if (isWhole) return outcome;
  const [first] = found.damage;
  const code = first === undefined ? 'head_unreachable' : 'history_damaged';
  const message =
    first === undefined
      ? 'The published head cannot be read, so rows cut off at the end would not be noticed'
      : `The history is damaged: ${first.sentence}${found.damage.length > 1 ? `, and ${found.damage.length - 1} more` : ''}`;
  return { ...outcome, failure: { code, message } };
};
