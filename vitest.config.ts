import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          environment: 'node',
          include: [
            '{core,functions,cli,simulation,homepage,console,mac-agent,local}/**/*.test.{ts,tsx}',
          ],
          exclude: ['**/node_modules/**', 'mac-agent/model-server/{llama-cpp,ollama}.test.ts'],
          testTimeout: 30_000,
        },
      },
      './test/workerd/vitest.config.ts',
    ],
  },
});
