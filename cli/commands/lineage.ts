/**
 * `bruno lineage show`: where an answer, a vote, a model or a dataset comes from.
 */
import { segment } from '../client.ts';
import { page, section, tree } from '../layout.ts';
import { parseId } from '../option-values.ts';
import { argument, type Command } from '../outcome.ts';
import { lineage } from '../schemas.ts';

export const showLineage: Command = async (call) => {
  const id = parseId(argument(call, 0), 'ID');
  const document = await call.client.get(`/admin/lineage/${segment(id)}`, lineage);
  const { kind, ...parts } = document;
  const blocks = Object.entries(parts)
    .filter(([, value]) => value !== null && value !== undefined)
    .map(([name, value]) => section(name.replaceAll('_', ' '), tree(value)));
  return { document, text: page(`${kind} ${id}`, ...blocks) };
};
