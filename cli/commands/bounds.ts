/**
 * `bruno bounds list`: whose votes do not all count, and why. Reads every page; changes nothing, because
 * what counts follows from the record and the settings alone.
 */
import { segment } from '../client.ts';
import { UsageError } from '../errors.ts';
import { type Command, textOption } from '../outcome.ts';
import { type BoundsPage, boundsPage } from '../schemas.ts';
import { boundsList } from '../views/bounds-view.ts';

const MOST_DAYS = 365;

export const listBounds: Command = async ({ client, options }) => {
  const days = textOption(options, 'days') ?? '28';
  if (!/^[1-9]\d*$/.test(days) || Number(days) > MOST_DAYS) {
    throw new UsageError(`--days must be a whole number from 1 to ${MOST_DAYS}, not "${days}"`);
  }
  const first = await client.get(`/admin/bounds?days=${days}`, boundsPage);
  const visitors = [...first.visitors];
  let after = first.next;
  while (after !== null && after !== undefined) {
    const path = `/admin/bounds?days=${days}&after=${segment(after)}`;
    const page: BoundsPage = await client.get(path, boundsPage);
    visitors.push(...page.visitors);
    after = page.next;
  }
  const { bounds, since } = first;
  const document = { bounds, since, visitors };
  return { document, text: boundsList(document) };
};
