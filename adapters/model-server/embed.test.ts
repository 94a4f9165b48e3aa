// What the edge makes of the gateway's answer about embeddings.

import { afterEach, expect, test, vi } from 'vitest';
import { embed } from './index.ts';

const config = { url: 'http://gateway.invalid', token: 'token' };
const answering = (body: string, status = 200) =>
  vi.stubGlobal('fetch', () => Promise.resolve(new Response(body, { status })));

afterEach(() => {
  vi.unstubAllGlobals();
});

test('gives the vectors in the order of the texts', async () => {
  const data = [
    { index: 1, embedding: [0, 1] },
    { index: 0, embedding: [1, 0] },
  ];
  answering(JSON.stringify({ data }));
  expect(await embed(config, 'mini', ['a', 'b'])).toEqual([
    [1, 0],
    [0, 1],
  ]);
});

test.each([
  ['is not JSON', '<html>', 200, 'garbage'],
  ['has another shape', '{"data":[{"index":0}]}', 200, 'garbage'],
  ['has too few vectors', '{"data":[]}', 200, 'garbage'],
  ['is a refusal', 'no', 503, 'refused'],
])('throws its own error when the answer %s', async (_, body, status, failure) => {
  answering(body, status);
  await expect(embed(config, 'mini', ['a'])).rejects.toMatchObject({
    name: 'ModelServerError',
    failure,
  });
});

test('signs in with the gateway\u2019s token, and with a service token where Access stands before it', async () => {
  const sent: Headers[] = [];
  vi.stubGlobal('fetch', (_: string, init: RequestInit) => {
    sent.push(new Headers(init.headers));
    return Promise.resolve(new Response('{"data":[{"index":0,"embedding":[1]}]}'));
  });
  await embed(config, 'mini', ['a']);
  await embed({ ...config, access: { clientId: 'id', clientSecret: 'secret' } }, 'mini', ['a']);
  expect(sent.map((headers) => headers.get('authorization'))).toEqual([
    'Bearer token',
    'Bearer token',
  ]);
  expect(sent.map((headers) => headers.get('cf-access-client-id'))).toEqual([null, 'id']);
  expect(sent.map((headers) => headers.get('cf-access-client-secret'))).toEqual([null, 'secret']);
});
