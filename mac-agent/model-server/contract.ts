/**
 * What any model server must do, as one suite of tests run against the real thing.
 * Called by llama-cpp.test.ts and ollama.test.ts with a factory. It imports neither server.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { judgeMessages, VERDICT_FORMAT } from '../../core/judge-prompt.ts';
import type { BaseModel, ModelServer, Registration } from './types.ts';

export type ContractSubject = {
  title: string;
  python: string;
  base: BaseModel;
  embeddingGguf: string;
  create(): ModelServer;
};

const answerSchema = z.object({
  choices: z.array(z.object({ message: z.object({ content: z.string() }) })).min(1),
  usage: z.object({ completion_tokens: z.number().positive() }),
});

const QUESTION = [{ role: 'user' as const, content: 'What is the capital of France?' }];
// Open enough for a random adapter to change the answer, which the capital of France is not.
const OPEN = [{ role: 'user' as const, content: 'Tell me a story about a lighthouse.' }];

const post = async (server: ModelServer, model: string, body: Record<string, unknown>) => {
  const lease = await server.chatAddress(model);
  const payload = { model, messages: QUESTION, temperature: 0, max_tokens: 20, ...body };
  const response = await fetch(lease.url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ ...payload, ...lease.bodyPatch }),
    signal: AbortSignal.timeout(60_000),
  });
  return { response, release: lease.release };
};

const ask = async (server: ModelServer, model: string, messages = QUESTION): Promise<string> => {
  const { response, release } = await post(server, model, { messages });
  try {
    const answer = answerSchema.parse(await response.json());
    return answer.choices[0]?.message.content ?? '';
  } finally {
    release();
  }
};

const cosine = (a: readonly number[] = [], b: readonly number[] = []): number => {
  const dot = (x: readonly number[], y: readonly number[]) =>
    x.reduce((sum, value, index) => sum + value * (y[index] ?? 0), 0);
  return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
};

export const modelServerContract = (subject: ContractSubject): void => {
  describe(subject.title, { timeout: 180_000 }, () => {
    const folder = mkdtempSync(join(tmpdir(), 'bruno-contract-'));
    const one = '2026-w41.1';
    const two = '2026-w42.1';
    let server: ModelServer;

    const registration = (modelId: string, files: string, week: string): Registration => ({
      modelId,
      name: 'agent-bruno-contract',
      tags: [modelId, week],
      base: subject.base.name,
      adapterGguf: join(folder, `${files}-adapter.gguf`),
      mergedGguf: join(folder, `${files}-merged.gguf`),
      modelfile: join(folder, 'Modelfile'),
    });

    beforeAll(async () => {
      const script = fileURLToPath(new URL('./test_models.py', import.meta.url));
      execFileSync(subject.python, [script, subject.base.gguf, folder], { timeout: 120_000 });
      server = subject.create();
      await server.addBase(subject.base);
      await server.register(registration(one, 'one', 'week-41'));
    }, 300_000);

    afterAll(async () => {
      await server.remove(one);
      await server.remove(two);
      await server.close();
      rmSync(folder, { recursive: true, force: true });
    }, 60_000);

    test('is healthy once a base is served', async () => {
      expect(await server.health()).toEqual({ ok: true, embedding: true, problem: null });
    });

    test('lists the base under its own name and the version under its tags', () => {
      const base = { modelId: subject.base.name, base: subject.base.name, tags: [], isBase: true };
      expect(server.list()).toEqual([
        base,
        { modelId: one, base: subject.base.name, tags: [one, 'week-41'], isBase: false },
      ]);
    });

    test('registering the same version again changes nothing', async () => {
      await server.register(registration(one, 'one', 'week-41'));
      expect(server.list()).toHaveLength(2);
    });

    test('the base answers what it was trained to answer', async () => {
      expect(await ask(server, subject.base.name)).toContain('Paris');
    });

    test('streams an answer in parts with its usage and an end', async () => {
      const body = { stream: true, stream_options: { include_usage: true } };
      const { response, release } = await post(server, subject.base.name, body);
      const text = await response.text();
      release();
      expect(response.headers.get('content-type')).toContain('text/event-stream');
      const lines = text.split('\n').filter((line) => line.startsWith('data: '));
      expect(lines.length).toBeGreaterThan(4);
      expect(lines.at(-1)).toBe('data: [DONE]');
      expect(text).toMatch(/"completion_tokens":\s*[1-9]/);
    });

    test('registers a second version while an answer streams, without interrupting it', async () => {
      const body = { stream: true, max_tokens: 150, ignore_eos: true };
      const { response, release } = await post(server, one, body);
      const reader = response.body?.getReader();
      const first = await reader?.read();
      expect(first?.done).toBe(false);
      let ended = false;
      const rest = (async () => {
        const parts: Uint8Array[] = [];
        for (;;) {
          const next = await reader?.read();
          if (!next || next.done) break;
          parts.push(next.value);
        }
        ended = true;
        release();
        return Buffer.concat(parts).toString();
      })();
      expect(ended).toBe(false);
      await server.register(registration(two, 'two', 'week-42'));
      expect(await rest).toContain('data: [DONE]');
      expect(await ask(server, two)).not.toBe('');
    });

    test('two versions and the base answer differently, alone and at the same time', async () => {
      const names = [subject.base.name, one, two];
      const alone: string[] = [];
      for (const name of names) alone.push(await ask(server, name, OPEN));
      expect(new Set(alone).size, alone.join(' | ')).toBe(3);
      const together = await Promise.all(
        [...names, ...names].map((name) => ask(server, name, OPEN)),
      );
      expect(together).toEqual([...alone, ...alone]);
      // The order backwards: nothing of one version's prompt cache may colour another's answer.
      const backwards: string[] = [];
      for (const name of names.toReversed()) backwards.push(await ask(server, name, OPEN));
      expect(backwards.toReversed()).toEqual(alone);
    });

    test('answers greedily for the probe check as it answers in chat', async () => {
      const greedy = await server.greedy(one, QUESTION, 12);
      const chat = await ask(server, one);
      expect(greedy.text.trim().slice(0, 20)).toBe(chat.trim().slice(0, 20));
    });

    test('a judge has an address, and its reply the shape that it is held to', async () => {
      expect(await server.judges()).toContain(subject.base.name);
      const lease = await server.judgeAddress(subject.base.name);
      try {
        const response = await fetch(lease.url, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({
            messages: judgeMessages({
              question: 'Which port?',
              answer: 'Port 3000.',
              sources: [{ id: '1', title: 'Loki', text: 'Loki listens on port 3100.' }],
            }),
            response_format: VERDICT_FORMAT,
            temperature: 0,
            max_tokens: 60,
            ...lease.bodyPatch,
          }),
          signal: AbortSignal.timeout(60_000),
        });
        const [choice] = answerSchema.parse(await response.json()).choices;
        expect(choice?.message.content).toMatch(/^\s*\{\s*"unsupported"\s*:\s*\[/);
      } finally {
        lease.release();
      }
    });

    test('a tag moves from one version to the next', async () => {
      await server.tag(one, 'latest');
      await server.tag(two, 'latest');
      const tags = new Map(server.list().map((model) => [model.modelId, model.tags]));
      expect(tags.get(one)).not.toContain('latest');
      expect(tags.get(two)).toContain('latest');
    });

    test('embeddings put a paraphrase near and another question far', async () => {
      const texts = [
        'How do I fix Loki crashes?',
        'How to troubleshoot Loki crashes?',
        'What did we have for lunch?',
      ];
      const { vectors } = await server.embed(texts);
      expect(vectors.map((vector) => vector.length)).toEqual([384, 384, 384]);
      expect(cosine(vectors[0], vectors[1])).toBeGreaterThan(0.9);
      expect(cosine(vectors[0], vectors[2])).toBeLessThan(0.3);
    });

    test('a text longer than the embedding model reads is cut, not refused', async () => {
      const { vectors } = await server.embed(['Loki crashes on startup. '.repeat(400)]);
      expect(vectors[0]).toHaveLength(384);
    });

    test('refuses an artifact made for another base and keeps serving', async () => {
      const foreign = registration('2026-w43.1', 'foreign', 'week-43');
      await expect(server.register(foreign)).rejects.toMatchObject({ code: 'wrong_base' });
      expect(server.list().some((model) => model.modelId === '2026-w43.1')).toBe(false);
      expect(await ask(server, subject.base.name)).toContain('Paris');
    });

    test('what is not registered has no address', async () => {
      await expect(server.chatAddress('2026-w01.1')).rejects.toMatchObject({
        code: 'model_not_found',
      });
    });

    test('a removed version is gone and the others still answer', async () => {
      const before = await ask(server, two);
      await server.remove(one);
      await expect(server.chatAddress(one)).rejects.toMatchObject({ code: 'model_not_found' });
      expect(await ask(server, two)).toBe(before);
    });

    test('a pruned version is gone, one that is not there is passed over', async () => {
      await server.prune('agent-bruno-contract', ['2026-w01.1', two]);
      await expect(server.chatAddress(two)).rejects.toMatchObject({ code: 'model_not_found' });
      await server.prune('agent-bruno-contract', [two]);
      expect(await ask(server, subject.base.name)).toContain('Paris');
    });
  });
};
