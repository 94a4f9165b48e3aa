// What an isolate remembers about tokens it has verified must not outlast what they say of themselves.

import { expect, test } from 'vitest';
import { issueVisitorToken, readVisitorToken } from '../../workers/tokens.ts';

const T0 = 1_800_000_000_000;
const DAY_MS = 86_400_000;
const claims = { visitorId: 'visitor-1', origin: 'https://homepage.example' };
const ring = (keys: Record<string, string>) => ({ current: 'k1', keys });
const first = ring({ k1: 'A'.repeat(43) });

test('a visitor token that was verified before expires all the same', async () => {
  const token = await issueVisitorToken(first, claims, T0);
  const known = { ...claims, issuedAtMs: T0 };
  expect(await readVisitorToken(first, token, T0)).toEqual(known);
  expect(await readVisitorToken(first, token, T0 + 179 * DAY_MS)).toEqual(known);
  await expect(readVisitorToken(first, token, T0 + 181 * DAY_MS)).rejects.toMatchObject({
    code: 'token_expired',
  });
});

test('a token verified under one ring of keys is not known under another', async () => {
  const token = await issueVisitorToken(first, claims, T0);
  await readVisitorToken(first, token, T0);
  await expect(readVisitorToken(ring({ k1: 'B'.repeat(43) }), token, T0)).rejects.toMatchObject({
    code: 'token_invalid',
  });
});

test('a token that differs in its last sign from a verified one is refused', async () => {
  const token = await issueVisitorToken(first, claims, T0);
  await readVisitorToken(first, token, T0);
  const forged = `${token.slice(0, -4)}AAAA`;
  await expect(readVisitorToken(first, forged, T0)).rejects.toMatchObject({
    code: 'token_invalid',
  });
});
