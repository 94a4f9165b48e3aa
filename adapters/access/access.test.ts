// Assertions as Cloudflare Access makes them, signed with real keys that a real server hands out:
// who is let in, and each way of not being.

import { createServer, type Server } from 'node:http';
import {
  base64url,
  exportJWK,
  generateKeyPair,
  importJWK,
  type JWTPayload,
  SignJWT,
  UnsecuredJWT,
} from 'jose';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { AppError } from '../../core/errors.ts';
import { accessVerifier } from './index.ts';

const ISSUER = 'https://bruno-team.cloudflareaccess.com';
const AUDIENCE = 'a'.repeat(64);
const T0 = Date.parse('2026-10-18T02:00:00Z');
const seconds = (ms: number) => Math.floor(ms / 1000);

type Key = Awaited<ReturnType<typeof generateKeyPair>>;
let ours: Key;
let theirs: Key;
let server: Server;
let certsUrl: string;
let fetched = 0;
let broken: 'no' | 'status' | 'hangs' = 'no';
let published: { kid: string; key: Key }[] = [];

beforeAll(async () => {
  ours = await generateKeyPair('RS256', { extractable: true });
  theirs = await generateKeyPair('RS256', { extractable: true });
  server = createServer(async (_request, response) => {
    fetched += 1;
    if (broken === 'hangs') return;
    if (broken === 'status') {
      response.writeHead(500).end();
      return;
    }
    const keys = await Promise.all(
      published.map(async ({ kid, key }) => ({
        ...(await exportJWK(key.publicKey)),
        kid,
        alg: 'RS256',
        use: 'sig',
      })),
    );
    response.setHeader('content-type', 'application/json').end(JSON.stringify({ keys }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  certsUrl = `http://127.0.0.1:${address.port}/cdn-cgi/access/certs`;
});
afterAll(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});
beforeEach(() => {
  fetched = 0;
  broken = 'no';
  published = [{ kid: 'k1', key: ours }];
});

const standard: JWTPayload = {
  aud: [AUDIENCE],
  email: 'Ada@Example.com',
  iss: ISSUER,
  iat: seconds(T0) - 60,
  exp: seconds(T0) + 3600,
  sub: 'f174e90a-fafe-4643-bbbc-4a0ed4fc8415',
  type: 'app',
};

const claims = (over: JWTPayload = {}, without = ''): JWTPayload => {
  const { [without]: _, ...rest }: JWTPayload = { ...standard, ...over };
  return rest;
};

const signed = (over: JWTPayload = {}, key = ours, kid = 'k1', without = '') =>
  new SignJWT(claims(over, without)).setProtectedHeader({ alg: 'RS256', kid }).sign(key.privateKey);

const verifier = (over: { fetch?: typeof fetch } = {}) =>
  accessVerifier({ issuer: ISSUER, audience: AUDIENCE, certsUrl, ...over });

const refused = async (assertion: string) => {
  const error: unknown = await verifier()(assertion, T0).catch((thrown: unknown) => thrown);
  if (!(error instanceof AppError)) throw new Error('it was let in', { cause: error });
  return { code: error.code, message: error.message };
};

test('a person is known by their email address, a service token by its name', async () => {
  const verify = verifier();
  expect(await verify(await signed(), T0)).toBe('ada@example.com');
  const service = await signed({ common_name: 'abc.access', sub: '' }, ours, 'k1', 'email');
  expect(await verify(service, T0)).toBe('service:abc.access');
});

test('the keys are fetched once and kept', async () => {
  const verify = verifier();
  for (let time = 0; time < 5; time += 1) await verify(await signed(), T0);
  expect(fetched).toBe(1);
});

describe('refused with 401 and the reason', () => {
  test.each<[string, JWTPayload, string, string?]>([
    ['another application\u2019s audience', { aud: ['b'.repeat(64)] }, '(aud)'],
    ['no audience', {}, '(aud)', 'aud'],
    ['another team\u2019s issuer', { iss: 'https://other.cloudflareaccess.com' }, '(iss)'],
    ['an expired one', { exp: seconds(T0) - 60 }, 'has expired'],
    ['one without an end', {}, '(exp)', 'exp'],
    ['one from the future', { nbf: seconds(T0) + 3600 }, '(nbf)'],
    ['one that names nobody', {}, 'names neither', 'email'],
    ['an email address that is none', { email: 'operator' }, 'names neither'],
  ])('%s', async (_name, over, reason, without) => {
    const { code, message } = await refused(await signed(over, ours, 'k1', without));
    expect(code).toBe('unauthorized');
    expect(message).toContain(reason);
  });

  test('one signed with another key, under a name of its own or under ours', async () => {
    expect(await refused(await signed({}, theirs, 'k2'))).toMatchObject({
      code: 'unauthorized',
      message: expect.stringContaining('does not have'),
    });
    expect(await refused(await signed({}, theirs, 'k1'))).toMatchObject({
      code: 'unauthorized',
      message: expect.stringContaining('not signed as it should be'),
    });
  });

  test('one that is not signed at all', async () => {
    const unsigned = new UnsecuredJWT(claims()).encode();
    expect((await refused(unsigned)).code).toBe('unauthorized');
  });

  test('one signed with the public key as if it were a shared secret', async () => {
    const jwk = JSON.stringify(await exportJWK(ours.publicKey));
    const secret = await importJWK({ kty: 'oct', k: base64url.encode(jwk) }, 'HS256');
    const confused = await new SignJWT(claims())
      .setProtectedHeader({ alg: 'HS256', kid: 'k1' })
      .sign(secret);
    expect((await refused(confused)).code).toBe('unauthorized');
  });

  test('one that was changed after it was signed', async () => {
    const [head, , signature] = (await signed()).split('.');
    const body = base64url.encode(JSON.stringify(claims({ email: 'eve@example.com' })));
    expect((await refused(`${head}.${body}.${signature}`)).code).toBe('unauthorized');
  });

  test.each(['', 'a', 'a.b.c', '..', 'Bearer x'])('%j', async (text) => {
    expect((await refused(text)).code).toBe('unauthorized');
  });
});

describe('while the keys cannot be had', () => {
  test('nobody is let in, and the answer says whose fault it is', async () => {
    broken = 'status';
    expect((await refused(await signed())).code).toBe('dependency_unavailable');
  });

  test('whoever fetches them is not waited for without end', async () => {
    broken = 'hangs';
    const hurried: typeof fetch = (input, init) => {
      const limits = [init?.signal, AbortSignal.timeout(50)].filter(
        (one) => one instanceof AbortSignal,
      );
      return fetch(input, { ...init, signal: AbortSignal.any(limits) });
    };
    const error: unknown = await verifier({ fetch: hurried })(await signed(), T0).catch(
      (thrown: unknown) => thrown,
    );
    expect(error).toMatchObject({ code: 'dependency_unavailable', retryAfterSeconds: 5 });
  });

  test('those who were known before go on, because the keys are kept', async () => {
    const verify = verifier();
    await verify(await signed(), T0);
    broken = 'status';
    expect(await verify(await signed(), T0)).toBe('ada@example.com');
  });
});
