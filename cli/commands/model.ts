/**
 * `bruno model list|show`: the registry of versions, read only.
 */
import { segment } from '../client.ts';
import { parseId } from '../option-values.ts';
import { argument, type Command } from '../outcome.ts';
import { model, models } from '../schemas.ts';
import { modelList, modelPage } from '../views/model-view.ts';

export const listModels: Command = async ({ client }) => {
  const found = await client.get('/admin/models', models);
  return { document: { models: found }, text: modelList(found) };
};

export const showModel: Command = async (call) => {
  const id = parseId(argument(call, 0), 'ID');
  const found = await call.client.get(`/admin/models/${segment(id)}`, model);
  return { document: found, text: modelPage(found) };
};
