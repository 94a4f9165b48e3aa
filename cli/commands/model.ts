/**
 * `bruno model list|show`: the registry of versions; `bruno model prune`: old ones lose their files.
 */
import { segment } from '../client.ts';
import { pruned, pruning } from '../learning-schemas.ts';
import { parseId, parseText } from '../option-values.ts';
import { argument, type Command, textOption } from '../outcome.ts';
import { model, models } from '../schemas.ts';
import { modelList, modelPage } from '../views/model-view.ts';
import { prunedPage, pruningPage } from '../views/pruning-view.ts';

export const listModels: Command = async ({ client }) => {
  const found = await client.get('/admin/models', models);
  return { document: { models: found }, text: modelList(found) };
};

export const showModel: Command = async (call) => {
  const id = parseId(argument(call, 0), 'ID');
  const found = await call.client.get(`/admin/models/${segment(id)}`, model);
  return { document: found, text: modelPage(found) };
};

const PRUNING = '/admin/pruning';

/** Again marks nothing twice, so a lost answer is asked for once more. */
export const pruneModels: Command = async ({ client, options }) => {
  if (options.has('dry-run')) {
    const plan = await client.get(PRUNING, pruning);
    return { document: plan, text: pruningPage(plan) };
  }
  const reason = textOption(options, 'reason');
  const body = reason === undefined ? {} : { reason: parseText(reason, '--reason') };
  const done = await client.post({ path: PRUNING, body, repeatable: true }, pruned);
  return { document: done, text: prunedPage(done) };
};
