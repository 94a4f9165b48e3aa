/**
 * The Mac's usual model server: Ollama, through its own client. Wired by index.ts when OLLAMA_HOST is set.
 * Each version is a merged model of its own under `{name}:{id}`; tags are copies, which cost no disk.
 */
import { existsSync, openAsBlob } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Ollama } from 'ollama';
import { AgentError } from '../errors.ts';
import type { Log } from '../log.ts';
import { sentenceOf } from '../log.ts';
import { sha256File } from '../transfer.ts';
import { assertMergedFits } from './fit.ts';
import { readGguf } from './gguf.ts';
import type { Modelfile } from './modelfile.ts';
import { modelfileForBase, parseModelfile } from './modelfile.ts';
import { serialise } from './serialise.ts';
import { moveTag } from './tags.ts';
import type { HeldModel, ModelServer } from './types.ts';
import { EMBEDDING_MODEL } from './types.ts';

export type OllamaOptions = {
  host: string;
  embeddingGguf: string;
  contextTokens: number;
  threads: number | undefined;
  log: Log;
};

type Known = HeldModel & { ollamaName: string; name: string };
type Base = { gguf: string; modelfile: Modelfile };

const CALL_MS = 120_000;

/** The client has no time-outs of its own; a caller's signal stays in force beside ours. */
const timedFetch: typeof fetch = (input, init) => {
  const timeout = AbortSignal.timeout(CALL_MS);
  const signal = init?.signal ? AbortSignal.any([init.signal, timeout]) : timeout;
  return fetch(input, { ...init, signal });
};

export const createOllamaServer = (options: OllamaOptions): ModelServer => {
  const host = (
    /^https?:\/\//.test(options.host) ? options.host : `http://${options.host}`
  ).replace(/\/$/, '');
  const client = new Ollama({ host, fetch: timedFetch });
  const known = new Map<string, Known>();
  const bases = new Map<string, Base>();
  const inTurn = serialise();
  let embedding: Promise<void> | null = null;

  const find = (modelId: string): Known => {
    const model = known.get(modelId);
    if (!model) throw new AgentError('model_not_found', `${modelId} is not registered here.`);
    return model;
  };

  const pushBlob = async (gguf: string): Promise<string> => {
    const digest = `sha256:${await sha256File(gguf)}`;
    const address = `${host}/api/blobs/${digest}`;
    const there = await timedFetch(address, { method: 'HEAD' });
    if (there.ok) return digest;
    const sent = await timedFetch(address, {
      method: 'POST',
      body: await openAsBlob(gguf),
    });
    const answer = await sent.text();
    if (sent.ok) return digest;
    throw new AgentError('model_server_failed', `Ollama refused a file: ${answer.slice(0, 200)}`, {
      retryable: true,
    });
  };

  const create = async (model: string, gguf: string, modelfile: Modelfile | null) => {
    const digest = await pushBlob(gguf);
    const { template = null, system = null, parameters = {} } = modelfile ?? {};
    const request = {
      model,
      stream: false as const,
      files: { 'model.gguf': digest },
      ...(template === null ? {} : { template }),
      ...(system === null ? {} : { system }),
      parameters: {
        ...parameters,
        // Ollama would punish repeated words by default; the evaluated model was not changed so.
        ...(modelfile === null ? {} : { num_ctx: options.contextTokens, repeat_penalty: 1 }),
        ...(options.threads === undefined ? {} : { num_thread: options.threads }),
      },
    };
    const answer = await client.create(request);
    if (answer.status !== 'success') {
      throw new AgentError('model_server_failed', `Ollama's create ended as ${answer.status}.`);
    }
  };

  const withEmbedding = (): Promise<void> => {
    embedding ??= create(EMBEDDING_MODEL, options.embeddingGguf, null).catch((error: unknown) => {
      embedding = null;
      throw error;
    });
    return embedding;
  };

  return {
    kind: 'ollama',
    serves: 'model-f16.gguf',
    keepsUnlisted: true,
    addBase: ({ name, gguf }) =>
      inTurn(async () => {
        if (bases.has(name)) return;
        const own = join(dirname(gguf), 'Modelfile');
        const chatTemplate = readGguf(gguf).metadata.get('tokenizer.chat_template');
        const modelfile = existsSync(own)
          ? parseModelfile(await readFile(own, 'utf8'))
          : modelfileForBase(String(chatTemplate ?? ''), name);
        await create(name, gguf, modelfile);
        bases.set(name, { gguf, modelfile });
        known.set(name, {
          modelId: name,
          base: name,
          tags: [],
          isBase: true,
          ollamaName: name,
          name,
        });
      }),
    register: (model, signal) =>
      inTurn(async () => {
        signal?.throwIfAborted();
        const base = bases.get(model.base);
        if (!base) {
          throw new AgentError('base_not_found', `The base ${model.base} is not served here.`);
        }
        const ollamaName = `${model.name}:${model.modelId}`;
        if (!known.has(model.modelId)) {
          assertMergedFits(readGguf(base.gguf), readGguf(model.mergedGguf));
          const modelfile = existsSync(model.modelfile)
            ? parseModelfile(await readFile(model.modelfile, 'utf8'))
            : base.modelfile;
          await create(ollamaName, model.mergedGguf, modelfile);
        }
        for (const tag of model.tags.filter((name) => name !== model.modelId)) {
          await client.copy({ source: ollamaName, destination: `${model.name}:${tag}` });
        }
        const before = known.get(model.modelId)?.tags ?? [];
        const tags = [...new Set([...before, ...model.tags])];
        const { modelId, name } = model;
        known.set(modelId, { modelId, base: model.base, tags, isBase: false, ollamaName, name });
      }),
    tag: (modelId, tag) =>
      inTurn(async () => {
        const target = find(modelId);
        const source = target.ollamaName;
        await client.copy({ source, destination: `${target.name}:${tag}` });
        moveTag(known, modelId, tag, ({ name }) => name === target.name);
      }),
    remove: (modelId) =>
      inTurn(async () => {
        const model = known.get(modelId);
        if (!model) return;
        if (model.isBase) throw new AgentError('is_base', `${modelId} is a base and stays.`);
        known.delete(modelId);
        const names = model.tags.map((tag) => `${model.name}:${tag}`);
        for (const name of new Set([model.ollamaName, ...names])) {
          await client.delete({ model: name });
        }
      }),
    prune: (name, modelIds) =>
      inTurn(async () => {
        const gone = new Set(modelIds.map((modelId) => `${name}:${modelId}`));
        // A copy under a week's tag is known by what it is a copy of.
        const { models } = await client.list();
        const digests = new Set(
          models.filter((one) => gone.has(one.name)).map((one) => one.digest),
        );
        for (const model of models) {
          const isCopy = model.name.startsWith(`${name}:week-`) && digests.has(model.digest);
          if (gone.has(model.name) || isCopy) await client.delete({ model: model.name });
        }
        for (const modelId of modelIds) known.delete(modelId);
      }),
    list: () => [...known.values()].map(({ ollamaName: _name, name: _own, ...model }) => model),
    async embed(texts, signal) {
      await withEmbedding();
      signal?.throwIfAborted();
      const answer = await client.embed({
        model: EMBEDDING_MODEL,
        input: [...texts],
        truncate: true,
      });
      return { vectors: answer.embeddings, promptTokens: answer.prompt_eval_count };
    },
    async health() {
      try {
        await client.list();
      } catch (error) {
        return { ok: false, embedding: false, problem: `Ollama at ${host}: ${sentenceOf(error)}` };
      }
      const ready = await withEmbedding().then(
        () => true,
        () => false,
      );
      return { ok: bases.size > 0, embedding: ready, problem: null };
    },
    async chatAddress(modelId) {
      const url = `${host}/v1/chat/completions`;
      return { url, bodyPatch: { model: find(modelId).ollamaName }, release: () => {} };
    },
    async judges() {
      const { models } = await client.list();
      const pulled = models.map(({ name }) => name.replace(/:latest$/, ''));
      return [...new Set([...known.keys(), ...pulled])];
    },
    async judgeAddress(model) {
      const url = `${host}/v1/chat/completions`;
      const { ollamaName = model } = known.get(model) ?? {};
      return { url, bodyPatch: { model: ollamaName }, release: () => {} };
    },
    async greedy(modelId, turns, tokens) {
      const answer = await client.chat({
        model: find(modelId).ollamaName,
        messages: [...turns],
        stream: false,
        options: { temperature: 0, num_predict: tokens, repeat_penalty: 1 },
      });
      return { text: answer.message.content, tokenIds: null };
    },
    async close() {
      client.abort();
    },
  };
};
