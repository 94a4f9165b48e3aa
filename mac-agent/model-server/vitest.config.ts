/**
 * Runs the model servers' contract, which needs real models and minutes and so is no unit test:
 * `vitest run --config mac-agent/model-server/vitest.config.ts [llama-cpp|ollama]`.
 */
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    environment: 'node',
    root: import.meta.dirname,
    include: ['{llama-cpp,ollama}.test.ts'],
    // Two model servers at once would share the cores and time each other out.
    fileParallelism: false,
  },
});
