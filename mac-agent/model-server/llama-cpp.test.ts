/**
 * The contract against real llama.cpp. BRUNO_TEST_HOME is a home with models and, unless
 * BRUNO_TEST_PYTHON says otherwise, its own python.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'vitest';
import { homePaths } from '../config.ts';
import { modelServerContract } from './contract.ts';
import { createLlamaCppServer } from './llama-cpp.ts';

const home = process.env.BRUNO_TEST_HOME ?? '';
const python = process.env.BRUNO_TEST_PYTHON ?? join(home, 'python', 'bin', 'python');
const paths = homePaths(home);
const base = { name: 'smollm2-135m-instruct', gguf: paths.baseGguf('smollm2-135m-instruct') };
const missing = [python, base.gguf, paths.embeddingGguf].filter((path) => !existsSync(path));

if (home === '' || missing.length > 0) {
  describe('llama.cpp', () => {
    test.skip(
      `NOT RUN: set BRUNO_TEST_HOME to a home with models (missing: ${missing.join(', ')})`,
    );
  });
} else {
  modelServerContract({
    title: 'llama.cpp',
    python,
    base,
    embeddingGguf: paths.embeddingGguf,
    create: () =>
      createLlamaCppServer({
        python,
        embeddingGguf: paths.embeddingGguf,
        threads: 1,
        slots: 4,
        contextTokens: 512,
        log: (_level, message, fields) => console.error(message, fields),
      }),
  });
}
