// What a probe learns: which part is ill, by its name, and nothing more.

import { createExecutionContext } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { expect, test, vi } from 'vitest';
import { ObjectStore } from '../../adapters/object-store/index.ts';
import { initialTable } from '../../core/routing.ts';
import { createApp } from '../../workers/app.ts';
import type { Env } from '../../workers/env.ts';
import { setTable } from './faults-support.ts';
import { asOperator, call } from './support.ts';

const app = createApp();

async function probe(path: string, over: Partial<Env> = {}) {
  const bindings = { ...env, ...over };
  const url = `https://bruno.example${path}`;
  const response = await app.request(url, {}, bindings, createExecutionContext());
  const body: unknown = await response.json();
  return { status: response.status, body };
}

// First in this file: settings that were usable once are kept.
test('settings that are not usable are named by both probes, and only the log says which', async () => {
  const log = vi.spyOn(console, 'error').mockImplementation(() => undefined);
  const found = { status: 'ill', parts: { settings: false }, ill: ['settings'] };
  for (const path of ['/healthz', '/readyz']) {
    expect(await probe(path, { GATEWAY_TOKEN: 'short' })).toEqual({ status: 503, body: found });
    const half = { GATEWAY_ACCESS_CLIENT_ID: 'id.access' };
    expect(await probe(path, half)).toEqual({ status: 503, body: found });
  }
  expect(log.mock.calls.flat().join()).toContain('GATEWAY_ACCESS_CLIENT_SECRET go together');
  expect(log.mock.calls.flat().join()).toContain('GATEWAY_TOKEN');
  expect(log.mock.calls.flat().join()).not.toContain('short"');
  log.mockRestore();
});

test('a Worker that runs is healthy, whatever the parts that it depends on do', async () => {
  expect(await probe('/healthz')).toEqual({
    status: 200,
    body: { status: 'ok', parts: { settings: true }, ill: [] },
  });
});

test('all parts well is ready, and a part that is ill is named', async () => {
  const parts = {
    settings: true,
    database: true,
    routing: true,
    routing_cache: true,
    model_server: true,
    object_store: true,
  };
  expect(await probe('/readyz')).toEqual({ status: 200, body: { status: 'ok', parts, ill: [] } });
  const away = vi.spyOn(ObjectStore.prototype, 'reachable').mockResolvedValue(false);
  expect(await probe('/readyz')).toEqual({
    status: 503,
    body: { status: 'ill', parts: { ...parts, object_store: false }, ill: ['object_store'] },
  });
  away.mockRestore();
});

test('a gateway that does not have the model which visitors get is ill', async () => {
  // Newer than whatever is in the record by now, from other files.
  await setTable({ ...initialTable('not-there-yet'), version: 1_000_001 });
  const { body } = await probe('/readyz');
  expect(body).toMatchObject({ ill: ['model_server'] });
  await setTable({ ...initialTable('tiny-sre'), version: 1_000_002 });
  expect((await probe('/readyz')).body).toMatchObject({ ill: [] });
});

test('operators see which models are ready and how busy the gateway is', async () => {
  const { body } = await call('/admin/status', { headers: asOperator });
  expect(body).toMatchObject({
    gateway: {
      models_ready: ['tiny-sre'],
      load: { running: 1, waiting: 0, most_running: 4, most_waiting: 16 },
    },
  });
});

test('a routing cache that fails is ill alone', async () => {
  const get = vi.spyOn(env.ROUTING_KV, 'get').mockRejectedValue(new Error('KV is down'));
  const { body } = await probe('/readyz');
  get.mockRestore();
  expect(body).toMatchObject({ ill: ['routing_cache'] });
});
