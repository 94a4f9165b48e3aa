// /healthz: this Worker runs and its settings are usable. /readyz: each part that answers, or the
// loop, depends on, by name. Both say which part is ill and nothing about why: that is in the log.

import { Hono } from 'hono';
import { readTable } from '../adapters/routing-table/index.ts';
import { AppError } from '../core/errors.ts';
import { health, well } from './admin/status.ts';
import { type Env, settingsOf } from './env.ts';
import type { App } from './http.ts';
import { limitNetwork } from './limits.ts';

function configured(env: Env): boolean {
  try {
    settingsOf(env);
    return true;
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    console.error(
      JSON.stringify({ level: 'error', code: error.code, detail: error.internalMessage }),
    );
    return false;
  }
}

async function partsOf(env: Env): Promise<Record<string, boolean>> {
  if (!configured(env)) return { settings: false };
  const [parts, cache] = await Promise.all([
    health(env),
    well(readTable(env.ROUTING_KV).then(() => true)),
  ]);
  return { settings: true, ...parts, routing_cache: cache };
}

const report = (parts: Record<string, boolean>) => {
  const ill = Object.keys(parts).filter((part) => parts[part] !== true);
  return { status: ill.length === 0 ? 'ok' : 'ill', parts, ill };
};

export const probes = new Hono<App>()
  .get('/healthz', (c) => {
    const found = report({ settings: configured(c.env) });
    return c.json(found, found.status === 'ok' ? 200 : 503);
  })
  // Each call opens a connection to everything, and anybody may call it.
  .get('/readyz', limitNetwork('probe'), async (c) => {
    const found = report(await partsOf(c.env));
    return c.json(found, found.status === 'ok' ? 200 : 503);
  });
