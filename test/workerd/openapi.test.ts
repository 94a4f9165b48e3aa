// That the description is served, and that the endpoints answer as it says.

import { expect, test } from 'vitest';
import { z } from 'zod';
import { ENDPOINTS } from '../../core/openapi/endpoints.ts';
import { openApi } from '../../core/openapi/index.ts';
import { errorAnswerSchema } from '../../core/wire/answers.ts';
import { isOpenAiPath, openAiErrorSchema } from '../../core/wire/openai-error.ts';
import { createApp } from '../../workers/app.ts';
import { asOperator, call, keyHeader, newVisitor } from './support.ts';

const idsSchema = z.object({ interaction_id: z.string(), feedback_token: z.string() });

test('/openapi.json is OpenAPI 3.1 and names every endpoint', async () => {
  const { status, body } = await call('/openapi.json');
  expect(status).toBe(200);
  expect(body).toEqual(JSON.parse(JSON.stringify(openApi())));
  expect(body).toMatchObject({ openapi: '3.1.0', info: { title: 'Bruno Loop' } });
  const { paths } = z.looseObject({ paths: z.record(z.string(), z.unknown()) }).parse(body);
  const served = createApp()
    .routes.filter(({ method, path }) => method !== 'ALL' && !path.includes('*'))
    .map(({ path }) => path.replaceAll(/:(\w+)/g, '{$1}'))
    .filter((path) => !/^\/(admin|agent|local|openapi\.json)(\/|$)/.test(path));
  expect(Object.keys(paths).toSorted()).toEqual([...new Set(served)].toSorted());
});

test('no description of a body is empty, and unknown fields are refused as they say', () => {
  for (const { path, body } of ENDPOINTS) {
    if (body === undefined) continue;
    const text = JSON.stringify(openApi().paths[path]);
    expect(text, path).toContain('"additionalProperties":false');
  }
});

test('each endpoint answers a good request with a described status and shape', async () => {
  const { id, visitor_token } = await newVisitor();
  const asked = await call('/api/chat', {
    body: { session_id: id, visitor_token, message: 'Hello' },
  });
  const asVisitor = { authorization: `Bearer ${visitor_token}` };
  const { interaction_id, feedback_token } = idsSchema.parse(asked.body);
  const asKey = await keyHeader(['identify']);
  const requests: Record<string, { body?: unknown; headers?: Record<string, string> }> = {
    '/api/chat/session': { body: {} },
    '/api/chat': { body: { session_id: id, visitor_token, message: 'Again' } },
    '/v1/chat/completions': {
      body: { model: 'agent-bruno', messages: [{ role: 'user', content: 'Hi' }] },
      headers: asVisitor,
    },
    '/api/feedback': { body: { interaction_id, feedback_token, feedback_type: 'thumbs_up' } },
    '/api/signals': { body: { interaction_id, feedback_token, signals: { copy_event: true } } },
    '/api/chat/session/{id}': { headers: asVisitor },
    '/api/privacy/opt-out': { body: {}, headers: asVisitor },
    '/api/visitor': { headers: asVisitor },
    '/v1/models': { headers: asVisitor },
    '/v1/models/{model}': { headers: asVisitor },
    '/api/identify': { body: { visitor_token, user: 'u-1' }, headers: asKey },
    '/metrics': { headers: asOperator },
  };
  for (const { method, path, answers } of ENDPOINTS) {
    const url = path.replace('{id}', id).replace('{model}', 'agent-bruno');
    const given = { method: method.toUpperCase(), ...requests[path] };
    const { status, body, headers } = await call(url, given);
    const described = answers.find((answer) => answer.status === status);
    expect(described, `${path} answered ${status}`).toBeDefined();
    const type = headers.get('content-type')?.split(';')[0];
    expect(described?.types).toEqual(type === undefined ? [] : expect.arrayContaining([type]));
    described?.schema?.parse(body);
  }
});

test('each endpoint refuses a bad body with a described error', async () => {
  const { visitor_token } = await newVisitor();
  const asVisitor = { authorization: `Bearer ${visitor_token}` };
  const asKey = await keyHeader(['identify']);
  for (const { path, body, errors, security } of ENDPOINTS) {
    if (body === undefined) continue;
    const headers = security.includes('visitor') ? asVisitor : asKey;
    for (const raw of ['{', '{"no_such_field":1}', '[]']) {
      const answered = await call(path, security.length > 0 ? { raw, headers } : { raw });
      if (isOpenAiPath(path)) {
        openAiErrorSchema.parse(answered.body);
        expect(answered.status, `${path} ${raw}`).toBe(400);
      } else {
        const { error } = errorAnswerSchema.parse(answered.body);
        expect(errors, `${path} ${raw}`).toContain(error.code);
      }
    }
  }
});
