// That the description is served, and that the endpoints answer as it says.

import { expect, test } from 'vitest';
import { z } from 'zod';
import type { Endpoint } from '../../core/openapi/endpoint.ts';
import { ENDPOINTS } from '../../core/openapi/endpoints.ts';
import { openApi } from '../../core/openapi/index.ts';
import { errorAnswerSchema } from '../../core/wire/answers.ts';
import { isOpenAiPath, openAiErrorSchema } from '../../core/wire/openai-error.ts';
import { LIMITS } from '../../core/wire/shared.ts';
import { createApp } from '../../workers/app.ts';
import { AGENT, asOperator, call, keyHeader, newVisitor } from './support.ts';

const idsSchema = z.object({ interaction_id: z.string(), feedback_token: z.string() });

const credentials = (path: string): Record<string, string> => {
  if (path.startsWith('/admin/')) return asOperator;
  return path.startsWith('/agent/') ? { authorization: `Bearer ${AGENT}` } : {};
};

const limitOf = (path: string): number => {
  if (path.startsWith('/admin/')) return LIMITS.adminBytes;
  if (path.startsWith('/agent/')) return LIMITS.agentBytes;
  if (path.endsWith('/chat/completions')) return LIMITS.completionBytes;
  return path.endsWith('/chat') ? LIMITS.chatBytes : LIMITS.feedbackBytes;
};

test('/openapi.json is OpenAPI 3.1 and names every endpoint', async () => {
  const { status, body } = await call('/openapi.json');
  expect(status).toBe(200);
  expect(body).toEqual(JSON.parse(JSON.stringify(openApi())));
  expect(body).toMatchObject({ openapi: '3.1.0', info: { title: 'Bruno Loop' } });
  const { paths } = z.looseObject({ paths: z.record(z.string(), z.unknown()) }).parse(body);
  const served = createApp()
    .routes.filter(({ method, path }) => method !== 'ALL' && !path.includes('*'))
    .map(({ path }) => path.replaceAll(/:(\w+)/g, '{$1}'))
    .filter((path) => !/^\/(local|openapi\.json)(\/|$)/.test(path));
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
    '/agent/jobs/claim': { body: { agent_id: 'agent-1', bases: ['no-such-base'] } },
    '/agent/jobs/{id}/heartbeat': { body: { agent_id: 'agent-1', attempt: 1, progress: null } },
    '/agent/jobs/{id}/complete': { body: {} },
    '/agent/jobs/{id}/fail': {
      body: { agent_id: 'agent-1', attempt: 1, code: 'x', message: 'x', retryable: false },
    },
    '/agent/judgments/claim': { body: { agent_id: 'agent-1', models: ['no-such-model'] } },
    '/agent/judgments': {
      body: {
        agent_id: 'agent-1',
        replies: [{ id, judge: 'no-such-judge', attempt: 1, outcome: 'failed', reply: null }],
      },
    },
    '/admin/jobs/{id}': {},
    '/admin/jobs': { body: { dataset_id: 'no-such-dataset' } },
    '/admin/reviews/{id}': { body: { decision: 'accept' } },
    '/admin/datasets': { body: { week: '2999-w01' } },
    '/admin/route': { body: { action: 'rollback' } },
    '/admin/settings': { body: { name: 'for a test', temperature: 0.21, reason: 'for a test' } },
    '/admin/pruning': { body: { reason: 'for a test' } },
    '/admin/keys': { body: { name: 'for a test', scopes: ['chat'] } },
    '/admin/judge/measure': {
      body: {
        measurement_id: id,
        texts: [
          {
            id,
            bank: 'mini',
            kind: 'honest',
            question: 'Which port?',
            answer: 'Port 3100.',
            sources: [{ id: '1', title: 'Loki', text: 'Port 3100.' }],
          },
        ],
      },
    },
    '/admin/keys/{id}/revoke': { body: { reason: 'for a test' } },
    '/admin/notifications/test': { body: {} },
    '/admin/experiments/{id}/preview': { body: { message: 'Hello' } },
    '/admin/erasures': { body: { visitor_id: 'nobody', reason: 'for a test', dry_run: true } },
  };
  for (const { method, path, answers, errors } of ENDPOINTS) {
    const named = path === '/admin/models/{id}' ? 'tiny-sre' : id;
    const url = path.replace('{id}', named).replace('{model}', 'agent-bruno');
    const { body: sent, headers: own } = requests[path] ?? {};
    const { status, body } = await call(url, {
      method: method.toUpperCase(),
      ...(method === 'post' ? { body: sent } : {}),
      headers: own ?? credentials(path),
    });
    // Operators' and the agent's endpoints may find nothing here; the suite `schemathesis` has a week.
    if (/^\/(admin|agent)\//.test(path) && status >= 400) {
      expect(errors, `${path} answered ${status}`).toContain(
        errorAnswerSchema.parse(body).error.code,
      );
      continue;
    }
    // That it answers as described is what `call` expects of every answer.
    expect(
      answers.map((answer) => answer.status),
      path,
    ).toContain(status);
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
      const own = isPublic(security) ? headers : credentials(path);
      const answered = await call(path.replace('{id}', crypto.randomUUID()), { raw, headers: own });
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

const isPublic = (ways: Endpoint['security']) =>
  ways.includes('visitor') || ways.includes('apiKey');

const writes = ENDPOINTS.filter(({ method }) => method !== 'get');
test.each(writes.map(({ method, path, body }) => [method.toUpperCase(), path, body] as const))(
  '%s %s refuses a body over its limit with 413',
  async (method, path, body) => {
    const { visitor_token } = await newVisitor();
    const headers =
      path === '/api/identify'
        ? await keyHeader(['identify'])
        : isOpenAiPath(path)
          ? { authorization: `Bearer ${visitor_token}` }
          : credentials(path);
    // One that reads no body still takes none beyond the largest of all.
    const limit = body === undefined ? LIMITS.agentBytes : limitOf(path);
    const send = (bytes: number) =>
      call(path.replace('{id}', crypto.randomUUID()), {
        method,
        raw: `{"no_such_field":"${'x'.repeat(bytes - 20)}"}`,
        headers,
      });
    const { status, text } = await send(limit + 1);
    expect(status).toBe(413);
    expect(text).toContain(`${limit} bytes`);
    if (body !== undefined) expect((await send(limit)).status).toBe(400);
  },
);

test.each([...new Set(ENDPOINTS.map(({ path }) => path))])(
  '%s answers a wrong method with 405 and says which are right',
  async (path) => {
    const right = ENDPOINTS.filter((one) => one.path === path).map((one) =>
      one.method.toUpperCase(),
    );
    const url = path.replace('{id}', crypto.randomUUID()).replace('{model}', 'agent-bruno');
    for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE']) {
      if (right.includes(method)) continue;
      const { status, headers } = await call(url, { method, headers: credentials(path) });
      expect([method, status]).toEqual([method, 405]);
      expect(headers.get('allow')?.split(', ')).toEqual(expect.arrayContaining(right));
      expect(headers.get('allow')).not.toContain(method);
    }
  },
);
