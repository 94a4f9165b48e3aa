/**
 * The one interface of a model server, and the choice between the two there are.
 * Used by the gateway (chat, embed), the reconciler and the job runner (register, verify).
 * Nothing above this line may know which of the two is serving.
 */
import type { AgentConfig, HomePaths } from '../config.ts';
import type { Log } from '../log.ts';
import { createLlamaCppServer } from './llama-cpp.ts';
import { createOllamaServer } from './ollama.ts';
import type { ModelServer } from './types.ts';

export * from './types.ts';

export const createModelServer = (config: AgentConfig, paths: HomePaths, log: Log): ModelServer => {
  if (config.OLLAMA_HOST !== undefined) {
    return createOllamaServer({
      host: config.OLLAMA_HOST,
      embeddingGguf: paths.embeddingGguf,
      contextTokens: config.CONTEXT_TOKENS,
      threads: config.OLLAMA_NUM_THREAD,
      log,
    });
  }
  return createLlamaCppServer({
    python: config.PYTHON,
    embeddingGguf: paths.embeddingGguf,
    threads: config.SERVER_THREADS,
    slots: config.SERVER_SLOTS,
    contextTokens: config.CONTEXT_TOKENS,
    log,
  });
};
