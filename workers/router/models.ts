// GET /v1/models: the one name that clients ask for. Which versions stand behind it, only an operator
// is told; those are the names an operator may measure.

import { readyModels } from '../../adapters/model-server/index.ts';
import { AppError } from '../../core/errors.ts';
import { gatewayOf, settingsOf } from '../env.ts';
import { type AppContext, bearer } from '../http.ts';
import { liveTable } from './live-table.ts';
import { isOperator, knownVisitor } from './visitor.ts';

export async function listModels(c: AppContext): Promise<Response> {
  const names = await namesFor(c);
  return c.json({ object: 'list', data: names.map(modelBody) });
}

export async function showModel(c: AppContext): Promise<Response> {
  const name = c.req.param('model') ?? '';
  const names = await namesFor(c);
  if (!names.includes(name)) throw noSuchModel(name, settingsOf(c.env).MODEL_NAME);
  return c.json(modelBody(name));
}

export const noSuchModel = (name: string, use: string): AppError =>
  new AppError('not_found', `There is no model "${name.slice(0, 100)}". Use "${use}".`, {
    field: 'model',
    reason: 'model_not_found',
  });

/** Throws what an unusable token gets; lists the versions for an operator. */
async function namesFor(c: AppContext): Promise<string[]> {
  const settings = settingsOf(c.env);
  const token = bearer(c);
  if (token === undefined) throw new AppError('unauthorized', 'A bearer token is needed.');
  if (!(await isOperator(c))) {
    await knownVisitor(c, token);
    return [settings.MODEL_NAME];
  }
  const table = await liveTable(c.env);
  const served = (await readyModels(gatewayOf(c.env))) ?? [table.production];
  return [...new Set([settings.MODEL_NAME, ...served])];
}

const modelBody = (id: string) => ({ id, object: 'model', created: 0, owned_by: 'bruno' });
