// What a browser is told about everything the Worker serves: each page, each file of a page, each answer.

import { readdirSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { ENDPOINTS } from '../../core/openapi/endpoints.ts';
import { repoRoot } from '../../local/home.ts';
import { type Edge, startEdge } from '../edge.ts';

const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src 'self' data:",
  "base-uri 'none'",
  "frame-ancestors 'none'",
  "form-action 'none'",
];

// Each test asks much, and a busy machine is slow.
vi.setConfig({ testTimeout: 120_000 });

let edge: Edge;
beforeAll(async () => {
  edge = await startEdge({ bucket: false });
}, 600_000);
afterAll(() => edge?.stop(), 60_000);

const ask = (path: string, init: RequestInit = {}) =>
  fetch(`${edge.url}${path}`, { ...init, redirect: 'manual', signal: AbortSignal.timeout(20_000) });

function files(): string[] {
  const folder = join(repoRoot, 'dist', 'pages');
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name !== '_headers')
    .map((entry) => `/${relative(folder, join(entry.parentPath, entry.name)).split(sep).join('/')}`)
    .map((path) => path.replace(/index\.html$/, ''));
}

function expectStrict(headers: Headers): void {
  expect(headers.get('x-content-type-options')).toBe('nosniff');
  expect(headers.get('referrer-policy')).toBe('no-referrer');
  expect(headers.get('strict-transport-security')).toBe('max-age=31536000');
}

describe('pages', () => {
  test('the chat, the console, the description and the script tag are all there', () => {
    expect(files()).toEqual(expect.arrayContaining(['/', '/console/', '/docs/', '/widget.js']));
  });

  test('each page and each of its files carries the strictest policy', async () => {
    for (const path of files()) {
      const { status, headers } = await ask(path);
      expect([path, status]).toEqual([path, 200]);
      expect(headers.get('content-security-policy')?.split('; '), path).toEqual(POLICY);
      expect(headers.get('permissions-policy'), path).toContain('camera=()');
      expectStrict(headers);
    }
  });

  test('no page holds a script or a style that the policy would stop', async () => {
    for (const path of files().filter((one) => one.endsWith('/'))) {
      const page = await (await ask(path)).text();
      expect(page, path).not.toMatch(/<script(?![^>]* src="\/)|<style|\sstyle=|\son\w+="/);
    }
  });

  test('only the script tag may be loaded by other people\u2019s pages', async () => {
    for (const path of files()) {
      const { headers } = await ask(path, { headers: { origin: 'https://elsewhere.example' } });
      const open = path === '/widget.js';
      expect(headers.get('access-control-allow-origin'), path).toBe(open ? '*' : null);
      expect(headers.get('cross-origin-resource-policy'), path).toBe(open ? 'cross-origin' : null);
    }
  });
});

test('each endpoint\u2019s answer, also a refusal, can run nothing and be framed by nobody', async () => {
  for (const { method, path } of ENDPOINTS) {
    const { status, headers } = await ask(path, { method: method.toUpperCase() });
    expect(headers.get('content-security-policy'), `${path} ${status}`).toBe(
      "default-src 'none'; frame-ancestors 'none'",
    );
    expectStrict(headers);
  }
  expectStrict((await ask('/no-such-place')).headers);
});
