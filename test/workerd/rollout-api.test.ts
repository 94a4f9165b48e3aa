// The endpoints of experiments keep to their description: what they answer parses by its schemas, and
// every refusal has a code that is declared.

import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { EXPERIMENT_ENDPOINTS } from '../../core/openapi/experiment-endpoints.ts';
import { errorAnswerSchema } from '../../core/wire/answers.ts';
import { cleared, newModel } from './rollout-support.ts';
import { asOperator, call } from './support.ts';

beforeAll(cleared);
afterAll(cleared);

const declared = (id: string) => {
  const endpoint = EXPERIMENT_ENDPOINTS.find((one) => one.id === id);
  if (endpoint === undefined) throw new Error(`no endpoint ${id}`);
  return endpoint;
};
const answered = async (id: string, path: string, body?: object) => {
  const { answers } = declared(id);
  const reply = await call(path, { ...(body ? { body } : {}), headers: asOperator });
  expect(reply.status, reply.text).toBe(answers[0]?.status);
  return z.looseObject({ id: z.string().optional() }).parse(answers[0]?.schema?.parse(reply.body));
};

test('each answers as it says', async () => {
  const model_id = await newModel();
  await answered('planExperiment', '/admin/experiments/plan');
  const { id } = await answered('createExperiment', '/admin/experiments', {
    model_id,
    reason: 'x',
  });
  await answered('listExperiments', '/admin/experiments');
  await answered('showExperiment', `/admin/experiments/${id}`);
  const command = { action: 'reject', reason: 'not this one' };
  await answered('commandExperiment', `/admin/experiments/${id}/commands`, command);
});

test.each(EXPERIMENT_ENDPOINTS.map((endpoint) => [endpoint.id, endpoint] as const))(
  '%s refuses strangers and nonsense with codes that it declares',
  async (_id, { path, method, errors }) => {
    const at = path.replace('{id}', 'rollout-none-1');
    const tries: { path?: string; body?: object; raw?: string; headers?: typeof asOperator }[] =
      method === 'get'
        ? [{}, { headers: asOperator, path: `${at}?promote_on=hope` }]
        : [
            { body: {} },
            { raw: '{', headers: asOperator },
            { body: { action: 'explode' }, headers: asOperator },
            { body: { action: 'stop', reason: 'x' }, headers: asOperator },
            { body: { model_id: 'nothing', reason: 'x' }, headers: asOperator },
          ];
    for (const { path: own = at, ...init } of tries) {
      const reply = await call(own, init);
      if (reply.status < 400) continue;
      const { error } = errorAnswerSchema.parse(reply.body);
      expect(errors).toContain(error.code);
    }
    expect((await call(at, method === 'get' ? {} : { body: {} })).status).toBe(401);
  },
);
