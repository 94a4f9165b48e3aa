// Tests inside workerd: objects with their alarms, the queue, the workflow and every route, against
// a real Postgres behind the real proxy and a real bucket. What has no place in an isolate (the model
// server) is run for real by the end-to-end tests.

import { join } from 'node:path';
import { cloudflareTest } from '@cloudflare/vitest-plugin';
import { defineConfig } from 'vitest/config';

const secret = (name: string) => `${name}-for-tests-only-0123456789`;

export default defineConfig({
  plugins: [
    cloudflareTest(({ inject }) => ({
      wrangler: { configPath: '../../wrangler.toml' },
      miniflare: {
        // A limiter as narrow as a test is short; see limits.test.ts.
        ratelimits: { NARROW: { namespace_id: '9001', simple: { limit: 3, period: 60 } } },
        bindings: {
          ENVIRONMENT: 'local',
          DATABASE_URL: inject('databaseUrl'),
          DATABASE_PROXY: inject('databaseProxy'),
          S3_ENDPOINT: inject('bucket').endpoint,
          S3_BUCKET: inject('bucket').bucket,
          S3_REGION: inject('bucket').region,
          S3_ACCESS_KEY_ID: inject('bucket').accessKeyId,
          S3_SECRET_ACCESS_KEY: inject('bucket').secretAccessKey,
          MODEL_SERVER_URL: inject('modelServerUrl'),
          BASE_MODEL: 'tiny-sre',
          MODEL_NAME: 'agent-bruno',
          GATEWAY_TOKEN: secret('gateway'),
          AGENT_TOKEN: secret('agent'),
          ADMIN_TOKEN: secret('operator'),
          METRICS_TOKEN: secret('metrics'),
          TOKEN_KEYS: JSON.stringify({
            current: 'k1',
            keys: { k1: 'A'.repeat(43), k0: 'B'.repeat(43) },
          }),
          ALLOWED_ORIGINS: 'https://homepage.example',
          LEARNING_OVERRIDES:
            'learning: { curation: { min_interactions: 1 }, ab_testing: { min_identity_age_seconds: 0 } }',
        },
      },
    })),
  ],
  // As wrangler.toml's [alias] has it, for the bundle.
  resolve: {
    alias: {
      '@aws-sdk/xml-builder': join(
        import.meta.dirname,
        '../../node_modules/@aws-sdk/xml-builder/dist-cjs/index.js',
      ),
    },
  },
  test: {
    name: 'workerd',
    include: ['**/*.test.ts'],
    root: import.meta.dirname,
    globalSetup: ['./global-setup.ts'],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    deps: { optimizer: { ssr: { enabled: true, include: ['itty-durable', 'itty-router'] } } },
    fileParallelism: false,
  },
});
