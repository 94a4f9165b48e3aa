/**
 * The same contract against a real Ollama at OLLAMA_HOST (`npm run test:ollama`). The bases come from
 * BRUNO_TEST_HOME as for llama.cpp. It registers under names of its own and removes them.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Ollama } from 'ollama';
import { describe, expect, test } from 'vitest';
import { homePaths } from '../config.ts';
import { modelServerContract } from './contract.ts';
import { createOllamaServer } from './ollama.ts';

const home = process.env.BRUNO_TEST_HOME ?? '';
const host = process.env.OLLAMA_HOST ?? '';
const python = process.env.BRUNO_TEST_PYTHON ?? join(home, 'python', 'bin', 'python');
const paths = homePaths(home);
const base = { name: 'smollm2-135m-instruct', gguf: paths.baseGguf('smollm2-135m-instruct') };
const missing = [python, base.gguf, paths.embeddingGguf].filter((path) => !existsSync(path));

if (host === '' || home === '' || missing.length > 0) {
  describe('Ollama', () => {
    test.skip(`NOT RUN: set OLLAMA_HOST and BRUNO_TEST_HOME (missing: ${missing.join(', ')})`);
  });
} else {
  const create = () =>
    createOllamaServer({
      host,
      embeddingGguf: paths.embeddingGguf,
      contextTokens: 512,
      threads: 1,
      log: (_level, message, fields) => console.error(message, fields),
    });

  modelServerContract({
    title: 'Ollama',
    python,
    base,
    embeddingGguf: paths.embeddingGguf,
    create,
  });

  describe('Ollama after a restart of the agent', () => {
    test('versions of before are pruned with the copies under their tags, and nothing else', async () => {
      const name = 'agent-bruno-pruned';
      const server = create();
      await server.addBase(base);
      const client = new Ollama({ host });
      for (const tag of ['2026-w30.1', 'week-30', 'latest']) {
        await client.copy({ source: base.name, destination: `${name}:${tag}` });
      }
      await server.prune(name, ['2026-w30.1', '2026-w31.1']);
      const names = (await client.list()).models.map((model) => model.name);
      expect(names.filter((one) => one.startsWith(`${name}:`))).toEqual([`${name}:latest`]);
      expect(names).toContain(`${base.name}:latest`);
      await client.delete({ model: `${name}:latest` });
      await server.close();
    }, 180_000);
  });
}
