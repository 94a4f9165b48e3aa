/**
 * `bruno week end`: moves the clock of a stack on one machine to the coming Sunday 02:00 UTC, where
 * the week is curated and training starts by the same code as in production. Elsewhere it refuses.
 */
import { openWindow } from '../../core/calendar.ts';
import { OperationError } from '../errors.ts';
import { facts, instant, section } from '../layout.ts';
import type { Command } from '../outcome.ts';
import { clock, status } from '../schemas.ts';

export const endWeek: Command = async ({ client }) => {
  const { now } = await client.get('/admin/status', status);
  const { id, endMs } = openWindow(Date.parse(now));
  const request = {
    path: '/local/clock',
    body: { to: new Date(endMs).toISOString() },
    repeatable: false,
  };
  try {
    const moved = await client.post(request, clock);
    const text = section(
      `Week ${id} has ended`,
      facts([
        ['clock', instant(moved.now)],
        ['before', instant(now)],
        ['next', 'it is curated now, then training starts: bruno status, bruno job list'],
      ]),
    );
    return { document: { week: id, before: now, ...moved }, text };
  } catch (thrown) {
    const isElsewhere = thrown instanceof OperationError && thrown.failure.status === 404;
    if (!isElsewhere) throw thrown;
    throw new OperationError({
      code: 'not_local',
      status: 404,
      message:
        'Only a stack on one machine has a clock to move; this one ends its week by itself on Sunday 02:00 UTC',
    });
  }
};
