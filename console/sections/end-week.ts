// Ends the week on a machine of one's own: moves its clock to the coming Sunday 02:00 UTC, where what
// is due then happens as in production. Offered by datasets.tsx in the local environment only; no
// other server has the endpoint.
import { openWindow } from '../../core/calendar.ts';
import type { Action } from '../action-dialog.tsx';
import type { Api } from '../api/client.ts';
import { clockSchema } from '../api/schema.ts';
import { moment } from '../format.ts';

export function endWeek(api: Api, now: string): Action {
  const { id, endMs } = openWindow(Date.parse(now));
  const to = new Date(endMs).toISOString();
  return {
    title: `End week ${id} now`,
    effect: `This moves this machine's clock from ${moment(now)} to ${moment(to)}. There the week is curated into a dataset and training starts on it, with the same code as in production. The clock does not go back.`,
    verb: 'End the week',
    needsReason: false,
    async perform() {
      const moved = await api.post('/local/clock', { to }, clockSchema);
      return `It is now ${moment(moved.now)}. Week ${id} is being curated; training starts when its dataset is ready. The loop above shows both.`;
    },
  };
}
