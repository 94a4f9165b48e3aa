// The suites, from fast to whole: pure functions and rooms on Node; the Worker inside workerd; the same
// Worker as other people's clients meet it; its endpoints against their description; the model servers'
// contract; the pages in a browser; the whole loop. `npm test` runs them in this order.

import { defineConfig } from 'vitest/config';

const alone = { environment: 'node', fileParallelism: false } as const;

export default defineConfig({
  test: {
    // Each request writes a log line; those of a test that passed are of no interest.
    silent: 'passed-only',
    projects: [
      {
        test: {
          name: 'unit',
          environment: 'node',
          include: [
            '{core,adapters,functions,cli,simulation,homepage,console,mac-agent,local,ops,bench}/**/*.test.{ts,tsx}',
          ],
          exclude: ['**/node_modules/**', 'mac-agent/model-server/{llama-cpp,ollama}.test.ts'],
          testTimeout: 60_000,
          hookTimeout: 120_000,
        },
      },
      './test/workerd/vitest.config.ts',
      { test: { ...alone, name: 'clients', include: ['test/clients/**/*.test.ts'] } },
      {
        test: { ...alone, name: 'schemathesis', include: ['test/schemathesis/**/*.test.ts'] },
      },
      { test: { ...alone, name: 'llama', include: ['mac-agent/model-server/llama-cpp.test.ts'] } },
      { test: { ...alone, name: 'ollama', include: ['mac-agent/model-server/ollama.test.ts'] } },
      { test: { ...alone, name: 'browser', include: ['test/browser/**/*.test.ts'] } },
      { test: { ...alone, name: 'e2e', include: ['test/e2e/**/*.test.ts'] } },
    ],
  },
});
