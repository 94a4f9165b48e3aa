// Operators of a deployed Worker: Cloudflare Access' assertion is the only way in, and who it names
// is who the histories name. The keys are real; only the team's certificate address is answered
// here (adapters/access tests fetch it from a server).

import {
  createExecutionContext,
  createMessageBatch,
  waitOnExecutionContext,
} from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { sql } from 'drizzle-orm';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { beforeAll, expect, test, vi } from 'vitest';
import { initialTable } from '../../core/routing.ts';
import type { QueueEvent } from '../../core/wire/events.ts';
import { createApp } from '../../workers/app.ts';
import type { Env } from '../../workers/env.ts';
import { record } from '../../workers/recorder/index.ts';
import { interactionOf, OPERATOR, rows } from './support.ts';

const TEAM = 'bruno-team.cloudflareaccess.com';
const AUDIENCE = 'a'.repeat(64);
const CERTS = `https://${TEAM}/cdn-cgi/access/certs`;

// Settings are parsed once for each isolate, and this file's isolate is a deployed one.
const { ADMIN_TOKEN: _, ...rest } = env;
const deployed: Env = {
  ...rest,
  ROUTING: overheard(env.ROUTING),
  ENVIRONMENT: 'production',
  ACCESS_TEAM_DOMAIN: TEAM,
  ACCESS_AUD: AUDIENCE,
};

/** Changes of the route as the object is told of them: it is one for all files, so it stays as it is. */
const changes: unknown[] = [];
function overheard(namespace: DurableObjectNamespace): DurableObjectNamespace {
  const fetchOf =
    (stub: DurableObjectStub): typeof stub.fetch =>
    async (input, init) => {
      const request = new Request(input, init);
      if (new URL(request.url).pathname !== '/change') return stub.fetch(request);
      changes.push(await request.json());
      return Response.json(initialTable('tiny-sre'));
    };
  return new Proxy(namespace, {
    get: (target, name) => {
      if (name !== 'get') return Reflect.get(target, name).bind(target);
      return (id: DurableObjectId) =>
        new Proxy(target.get(id), {
          get: (stub, inner) => (inner === 'fetch' ? fetchOf(stub) : Reflect.get(stub, inner)),
        });
    },
  });
}

const app = createApp();
let key: Awaited<ReturnType<typeof generateKeyPair>>;

beforeAll(async () => {
  key = await generateKeyPair('RS256', { extractable: true });
  const jwk = { ...(await exportJWK(key.publicKey)), kid: 'k1', alg: 'RS256', use: 'sig' };
  const real = globalThis.fetch;
  vi.spyOn(globalThis, 'fetch').mockImplementation(async (input, init) =>
    String(input) === CERTS ? Response.json({ keys: [jwk] }) : real(input, init),
  );
});

const assertionFor = (claims: { email?: string; common_name?: string }, audience = AUDIENCE) =>
  new SignJWT({ type: 'app', ...claims })
    .setProtectedHeader({ alg: 'RS256', kid: 'k1' })
    .setIssuer(`https://${TEAM}`)
    .setAudience([audience])
    .setIssuedAt()
    .setExpirationTime('1h')
    .sign(key.privateKey);

async function ask(path: string, headers: Record<string, string>, body?: unknown) {
  const context = createExecutionContext();
  const response = await app.request(
    `https://bruno.example${path}`,
    {
      method: body === undefined ? 'GET' : 'POST',
      headers: {
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    },
    deployed,
    context,
  );
  const text = await response.text();
  await waitOnExecutionContext(context);
  return { status: response.status, text };
}

const as = async (claims: { email?: string; common_name?: string }) => ({
  'cf-access-jwt-assertion': await assertionFor(claims),
});

test('whoever Access let through reads, and nobody else does', async () => {
  expect((await ask('/admin/reviews', await as({ email: 'ada@example.com' }))).status).toBe(200);
  expect((await ask('/metrics', await as({ common_name: 'scraper.access' }))).status).toBe(200);
  const wrong = {
    'cf-access-jwt-assertion': await assertionFor({ email: 'a@b.co' }, 'b'.repeat(64)),
  };
  for (const headers of [
    {},
    wrong,
    { authorization: `Bearer ${OPERATOR}` },
    { authorization: `Bearer ${await assertionFor({ email: 'ada@example.com' })}` },
    { 'cf-access-authenticated-user-email': 'ada@example.com' },
    { cookie: `CF_Authorization=${await assertionFor({ email: 'ada@example.com' })}` },
  ]) {
    for (const path of ['/admin/reviews', '/admin/route', '/metrics']) {
      expect((await ask(path, headers)).status, path).toBe(401);
    }
  }
});

test('a change of the route goes to the routing object under the person\u2019s name', async () => {
  const changed = await ask('/admin/route', await as({ email: 'Ada@Example.com' }), {
    action: 'promote',
    reason: 'looks good',
  });
  expect(changed.status).toBe(200);
  expect(changes).toMatchObject([{ who: 'ada@example.com', reason: 'looks good' }]);
});

test('a review names the person, or the service token, who decided', async () => {
  const answer = interactionOf({});
  const event_id = crypto.randomUUID();
  const batch = createMessageBatch<QueueEvent>('bruno-events', [
    { id: 'answer', timestamp: new Date(), attempts: 1, body: answer },
    {
      id: 'vote',
      timestamp: new Date(),
      attempts: 1,
      body: {
        kind: 'feedback',
        v: 1,
        event_id,
        interaction_id: answer.interaction_id,
        visitor_id: answer.visitor_id,
        model_version: answer.model_served,
        feedback_type: 'correction',
        feedback_value: -0.5,
        corrected_response: 'Port 9090.',
        correction_type: null,
        metadata: {},
        at: answer.created_at,
        received_at: answer.created_at,
      },
    },
  ]);
  await record(batch, env);
  const reviewer = async () =>
    (await rows(sql`SELECT reviewed_by FROM feedback_events WHERE event_id = ${event_id}`))[0];
  const path = `/admin/reviews/${event_id}`;
  const decided = await ask(path, await as({ email: 'ada@example.com' }), { decision: 'reject' });
  expect(decided.status).toBe(200);
  expect(await reviewer()).toEqual({ reviewed_by: 'ada@example.com' });
  await ask(path, await as({ common_name: 'ci.access' }), { decision: 'accept' });
  expect(await reviewer()).toEqual({ reviewed_by: 'service:ci.access' });
});

test('a page of another origin cannot use an operator\u2019s sign-in to write', async () => {
  const headers = { ...(await as({ email: 'ada@example.com' })), origin: 'https://evil.example' };
  const { status, text } = await ask('/admin/route', headers, { action: 'rollback' });
  expect(status).toBe(403);
  expect(text).toContain('origin_not_allowed');
});
