/**
 * A plugin for Miniflare, loaded by it: rate limits counted in memory. Its own limiter writes each count to
 * disk and waits for it, which holds a chat up for longer than the Worker works on it. Used by worker.ts.
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';

/** What worker.ts gives Miniflare, which hands it back here as the worker's bindings. */
const PLUGIN = 'bruno-limiter';
const TYPE = 'memory-limiter';
const MODULE = `${PLUGIN}:limiter`;

const bindingsSchema = z.object({
  config: z.object({ env: z.record(z.string(), z.unknown()).default({}) }),
});
const limiterSchema = z.object({
  type: z.literal(`unsafe:${TYPE}`),
  dev: z.object({ options: z.object({ limit: z.number(), period: z.number() }) }),
});

export const memoryLimiter = (name: string, options: { limit: number; period: number }) => ({
  name,
  type: TYPE,
  plugin: { package: fileURLToPath(import.meta.url), name: PLUGIN },
  options,
});

const limitersOf = (worker: unknown) =>
  Object.entries(bindingsSchema.parse(worker).config.env).flatMap(([name, binding]) => {
    const { data } = limiterSchema.safeParse(binding);
    return data === undefined ? [] : [{ name, ...data.dev.options }];
  });

export const plugins = {
  [PLUGIN]: {
    bindingTypeDescription: 'Rate Limit',
    getBindings: (worker: unknown) =>
      limitersOf(worker).map(({ name, limit, period }) => ({
        name,
        wrapped: {
          moduleName: MODULE,
          innerBindings: [
            { name: 'limit', json: JSON.stringify(limit) },
            { name: 'period', json: JSON.stringify(period) },
          ],
        },
      })),
    getNodeBindings: () => ({}),
    getServices: () => [],
    getExtensions: () => {
      const source = readFileSync(new URL('limiter.mjs', import.meta.url), 'utf8');
      return [{ modules: [{ name: MODULE, esModule: source, internal: true }] }];
    },
  },
};
