/**
 * `bruno status`: reads the loop's state once.
 */
import type { Command } from '../outcome.ts';
import { status } from '../schemas.ts';
import { statusPage } from '../views/status-view.ts';

export const showStatus: Command = async ({ client, settings }) => {
  const document = await client.get('/admin/status', status);
  return { document, text: statusPage(document, settings.url.origin) };
};
