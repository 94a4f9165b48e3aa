/**
 * `bruno holdout show`: what the loop gains, measured against visitors who stay on an older model.
 */
import { holdout } from '../learning-schemas.ts';
import type { Command } from '../outcome.ts';
import { holdoutPage } from '../views/holdout-view.ts';

export const showHoldout: Command = async ({ client }) => {
  const document = await client.get('/admin/holdout', holdout);
  return { document, text: holdoutPage(document) };
};
