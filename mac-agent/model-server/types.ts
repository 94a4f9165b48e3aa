/**
 * What a model server is to the rest of the agent; llama-cpp.ts and ollama.ts each are one.
 * It imports nothing, so that both servers and the choice between them may import it.
 */
export type Registration = {
  /** Immutable id, `2026-w42.1`; also the first tag. */
  modelId: string;
  /** `agent-bruno`; the tags are `{name}:{id}`, `{name}:week-42`, `{name}:latest`. */
  name: string;
  tags: readonly string[];
  base: string;
  adapterGguf: string;
  mergedGguf: string;
  /** Path of the Modelfile the trainer wrote. */
  modelfile: string;
};

export type BaseModel = { name: string; gguf: string };
export type HeldModel = { modelId: string; base: string; tags: readonly string[]; isBase: boolean };

/** Where one chat request goes. `release` must be called exactly when its answer has ended. */
export type ChatLease = {
  url: string;
  bodyPatch: Readonly<Record<string, unknown>>;
  release: () => void;
};

export type ChatTurn = { role: 'system' | 'user' | 'assistant'; content: string };
export type Embeddings = { vectors: number[][]; promptTokens: number };
/** A greedy answer. Token ids are null where the server does not tell them. */
export type GreedyAnswer = { text: string; tokenIds: number[] | null };

export type ModelServer = {
  readonly kind: 'llama.cpp' | 'ollama';
  /** The artifact this server needs of each version. */
  readonly serves: 'adapter.gguf' | 'model-f16.gguf';
  /** True where a version costs only disk, so that old ones stay under their tags for ever. */
  readonly keepsUnlisted: boolean;
  addBase(base: BaseModel): Promise<void>;
  /** Idempotent. Never interrupts a running answer. Throws `wrong_base` for a foreign artifact. */
  register(model: Registration, signal?: AbortSignal): Promise<void>;
  tag(modelId: string, tag: string): Promise<void>;
  remove(modelId: string): Promise<void>;
  /** Also versions from before a restart, with their tags. What is not there is passed over. */
  prune(name: string, modelIds: readonly string[]): Promise<void>;
  list(): HeldModel[];
  embed(texts: readonly string[], signal?: AbortSignal): Promise<Embeddings>;
  health(): Promise<{ ok: boolean; embedding: boolean; problem: string | null }>;
  /** Throws `model_not_found` for what is not registered. */
  chatAddress(modelId: string, signal?: AbortSignal): Promise<ChatLease>;
  /** Models that may judge answers: what is served here, and whatever else the server has. */
  judges(): Promise<string[]>;
  /** As `chatAddress`, of any of those. */
  judgeAddress(model: string, signal?: AbortSignal): Promise<ChatLease>;
  greedy(modelId: string, turns: readonly ChatTurn[], tokens: number): Promise<GreedyAnswer>;
  close(): Promise<void>;
};

export const EMBEDDING_MODEL = 'all-minilm-l6-v2';
/** The model was trained on 256 tokens; longer texts are cut there, as its authors do. */
export const EMBEDDING_TOKENS = 256;
