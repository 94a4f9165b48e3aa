/**
 * The model server that comes with the product: llama.cpp in child processes, one a base and one for
 * embeddings. Wired by index.ts. A version costs its adapter only; the base is in memory once.
 */
import { z } from 'zod';
import { AgentError } from '../errors.ts';
import type { Log } from '../log.ts';
import { assertAdapterFits } from './fit.ts';
import { readGguf } from './gguf.ts';
import type { LlamaBase } from './llama-base.ts';
import { createLlamaBase } from './llama-base.ts';
import type { LlamaProcess } from './llama-process.ts';
import { startLlamaProcess } from './llama-process.ts';
import { serialise } from './serialise.ts';
import { moveTag } from './tags.ts';
import type { HeldModel, ModelServer } from './types.ts';
import { EMBEDDING_MODEL, EMBEDDING_TOKENS } from './types.ts';

export type LlamaCppOptions = {
  python: string;
  embeddingGguf: string;
  threads: number;
  slots: number;
  contextTokens: number;
  log: Log;
};

const promptSchema = z.object({ prompt: z.string() });
const completionSchema = z.object({ content: z.string(), tokens: z.array(z.number()) });
const tokensSchema = z.object({ tokens: z.array(z.number()) });
const embeddingSchema = z.object({
  data: z.array(z.object({ index: z.number(), embedding: z.array(z.number()) })),
  usage: z.object({ prompt_tokens: z.number() }),
});

/** Below this many UTF-8 bytes a text cannot have more tokens than the model reads. */
const SURELY_SHORT_BYTES = EMBEDDING_TOKENS - 2;

type Known = HeldModel & { home: LlamaBase };

export const createLlamaCppServer = (options: LlamaCppOptions): ModelServer => {
  const known = new Map<string, Known>();
  const bases = new Map<string, { home: LlamaBase; gguf: string }>();
  const inTurn = serialise();
  let embedder: Promise<LlamaProcess> | null = null;
  let closed = false;

  const find = (modelId: string): Known => {
    const model = known.get(modelId);
    if (!model) throw new AgentError('model_not_found', `${modelId} is not registered here.`);
    return model;
  };

  const startEmbedder = (): Promise<LlamaProcess> => {
    const starting = startLlamaProcess(options.python, {
      model: options.embeddingGguf,
      alias: EMBEDDING_MODEL,
      threads: options.threads,
      slots: 1,
      contextTokens: 512,
      embedding: true,
      adapters: [],
    });
    const forget = () => {
      if (embedder === starting) embedder = null;
    };
    // Forgotten when it fails or leaves, so that the next call starts another.
    starting.then((process) => process.exited.then(forget), forget);
    return starting;
  };

  const withEmbedder = (): Promise<LlamaProcess> => {
    if (closed) throw new AgentError('unavailable', 'The model server is closing.');
    embedder ??= startEmbedder();
    return embedder;
  };

  /** Texts that may be too long are cut at the model's own tokens, keeping its end token. */
  const cut = async (process: LlamaProcess, text: string, signal?: AbortSignal) => {
    if (Buffer.byteLength(text) <= SURELY_SHORT_BYTES) return text;
    const body = { content: text, add_special: true };
    const { tokens } = await process.post('/tokenize', body, tokensSchema, signal);
    if (tokens.length <= EMBEDDING_TOKENS) return text;
    return [...tokens.slice(0, EMBEDDING_TOKENS - 1), ...tokens.slice(-1)];
  };

  const remove = (modelId: string): Promise<void> =>
    inTurn(async () => {
      const model = known.get(modelId);
      if (!model) return;
      if (model.isBase) throw new AgentError('is_base', `${modelId} is a base and stays.`);
      known.delete(modelId);
      const rest = model.home.adapters().filter((adapter) => adapter.modelId !== modelId);
      await model.home.change(rest);
    });

  const chatAddress = async (modelId: string, signal?: AbortSignal) => {
    const lease = await find(modelId).home.take(modelId, signal);
    return {
      url: `${lease.process.address}/v1/chat/completions`,
      bodyPatch: {
        model: modelId,
        lora: lease.lora,
        id_slot: lease.slot,
        cache_prompt: lease.cachePrompt,
      },
      release: lease.release,
    };
  };

  return {
    kind: 'llama.cpp',
    serves: 'adapter.gguf',
    keepsUnlisted: false,
    addBase: ({ name, gguf }) =>
      inTurn(async () => {
        if (bases.has(name)) return;
        const { python, threads, slots, contextTokens, log } = options;
        const settings = { model: gguf, alias: name, threads, slots, contextTokens };
        const home = createLlamaBase({ python, log, settings });
        await home.start();
        bases.set(name, { home, gguf });
        known.set(name, { modelId: name, base: name, tags: [], isBase: true, home });
      }),
    register: (model, signal) =>
      inTurn(async () => {
        signal?.throwIfAborted();
        const base = bases.get(model.base);
        if (!base) {
          throw new AgentError('base_not_found', `The base ${model.base} is not served here.`);
        }
        const held = base.home.adapters();
        const same = held.find((adapter) => adapter.modelId === model.modelId);
        if (same && same.gguf !== model.adapterGguf) {
          throw new AgentError(
            'already_registered',
            `${model.modelId} is registered from another file: a model id never changes its content.`,
          );
        }
        if (!same) {
          assertAdapterFits(readGguf(base.gguf), readGguf(model.adapterGguf));
          const adapter = { modelId: model.modelId, gguf: model.adapterGguf };
          await base.home.change([...held, adapter]);
        }
        const before = known.get(model.modelId)?.tags ?? [];
        const tags = [...new Set([...before, ...model.tags])];
        const { modelId } = model;
        known.set(modelId, { modelId, base: model.base, tags, isBase: false, home: base.home });
      }),
    tag: (modelId, tag) =>
      inTurn(async () => {
        find(modelId);
        moveTag(known, modelId, tag);
      }),
    remove,
    // It holds what it was told since it started, and nothing else.
    async prune(_name, modelIds) {
      for (const modelId of modelIds) await remove(modelId);
    },
    list: () => [...known.values()].map(({ home: _home, ...model }) => model),
    async embed(texts, signal) {
      const process = await withEmbedder();
      const input: (string | number[])[] = [];
      for (const text of texts) input.push(await cut(process, text, signal));
      const answer = await process.post('/v1/embeddings', { input }, embeddingSchema, signal);
      const ordered = answer.data.sort((a, b) => a.index - b.index);
      if (ordered.length !== texts.length) {
        throw new AgentError(
          'model_server_failed',
          `Expected ${texts.length} embeddings, llama.cpp gave ${ordered.length}.`,
        );
      }
      const vectors = ordered.map((entry) => entry.embedding);
      return { vectors, promptTokens: answer.usage.prompt_tokens };
    },
    async health() {
      const embedding = await withEmbedder()
        .then((process) => process.healthy())
        .catch(() => false);
      const states = await Promise.all(
        [...bases.values()].map(async ({ home }) => ({
          name: home.name,
          ok: await home.healthy(),
        })),
      );
      const down = states.filter((state) => !state.ok).map((state) => state.name);
      const problem = down.length > 0 ? `not answering: ${down.join(', ')}` : null;
      return { ok: problem === null && states.length > 0, embedding, problem };
    },
    chatAddress,
    judges: async () => [...known.keys()],
    judgeAddress: chatAddress,
    async greedy(modelId, turns, tokens) {
      const lease = await find(modelId).home.take(modelId);
      try {
        const body = { messages: turns };
        const { prompt } = await lease.process.post('/apply-template', body, promptSchema);
        const answer = await lease.process.post(
          '/completion',
          {
            prompt,
            n_predict: tokens,
            temperature: 0,
            return_tokens: true,
            lora: lease.lora,
            id_slot: lease.slot,
            cache_prompt: false,
          },
          completionSchema,
        );
        return { text: answer.content, tokenIds: answer.tokens };
      } finally {
        lease.release();
      }
    },
    async close() {
      closed = true;
      const homes = [...bases.values()].map(({ home }) => home.close());
      const process = await embedder?.catch(() => null);
      await Promise.all([...homes, process?.stop()]);
    },
  };
};
