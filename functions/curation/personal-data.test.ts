import { expect, test } from 'vitest';
import { personalData } from './personal-data.ts';

test.each([
  ['email', 'mail anna.berg+ops@mail.example.co.uk now'],
  ['phone', 'call +49 170 123 4567'],
  ['phone', 'call (555) 123-4567 after six'],
  ['payment_card', 'my card is 4242 4242 4242 4242'],
  ['us_social_security', 'it is 123-45-6789'],
  ['iban', 'to DE89 3704 0044 0532 0130 00'],
  ['private_key', '-----BEGIN RSA PRIVATE KEY-----'],
  ['access_key', 'AKIAIOSFODNN7EXAMPLE'],
  ['access_key', `token ghp_${'a1B2'.repeat(9)}`],
  ['token', `Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.${'x'.repeat(20)}`],
])('finds %s in: %s', (kind, text) => {
  expect(personalData(text)).toBe(kind);
});

test.each([
  'scrape 127.0.0.1:9090 and 10.0.12.255/24',
  'kubectl scale deploy/web --replicas=3 -n prod-eu-1',
  'between 2026-11-15 02:00:00 and 2026-11-22 02:00:00',
  'commit 9fceb02d0ae598e95dc970b74767f19372d61af8',
  'id 01890a5d-ac96-774b-bcce-b302099a8057',
  'version 1.2.3-rc.4+build.5678 of v24.21.0',
  'order number 4242 4242 4242 4243',
  'limits: 300 000 requests, 500 MiB, 86400 seconds',
  'chmod 0644 and umask 0022',
  'user@localhost',
])('leaves an operator’s everyday text alone: %s', (text) => {
  expect(personalData(text)).toBeUndefined();
});
