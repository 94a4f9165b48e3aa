/**
 * `bruno lineage show`: where an answer, a vote, a model or a dataset comes from.
 */
import { segment } from '../client.ts';
import { parseId } from '../option-values.ts';
import { argument, type Command } from '../outcome.ts';
import { lineage } from '../schemas.ts';
import { lineagePage } from '../views/lineage-view.ts';

export const showLineage: Command = async (call) => {
  const id = parseId(argument(call, 0), 'ID');
  const document = await call.client.get(`/admin/lineage/${segment(id)}`, lineage);
  return { document, text: lineagePage(document) };
};
