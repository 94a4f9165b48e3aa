/**
 * The channels and the outbox for people. Pure.
 */
import { facts, instant, minute, page, section, table } from '../layout.ts';
import type { Notification, Outbox } from '../schemas.ts';

export function outboxPage({ channels, notifications }: Outbox): string {
  return page(
    section(
      'Channels',
      facts(
        channels.map(({ name, state, why }) => [name, why === null ? state : `${state}: ${why}`]),
      ),
    ),
    section(
      'Messages',
      table(
        [
          { title: 'written (UTC)' },
          { title: 'channel' },
          { title: 'state' },
          { title: 'tries', right: true },
          { title: 'what', max: 60 },
          { title: 'trouble', max: 80 },
        ],
        notifications.map((one) => [
          minute(one.created_at),
          one.channel,
          one.state,
          one.attempts,
          one.title,
          troubleOf(one),
        ]),
        'None.',
      ),
    ),
  );
}

function troubleOf({ state, last_error: error, next_at: next }: Notification): string | null {
  if (error === null) return null;
  return state === 'pending' ? `${error}; again at ${instant(next)}` : error;
}
