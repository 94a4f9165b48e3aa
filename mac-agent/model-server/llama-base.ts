/**
 * One base model in memory with every registered adapter of it, applied per request.
 * Changing the adapters starts a second process with the new list, switches when it is ready, and lets
 * the old one finish its answers. Used by llama-cpp.ts, which serialises the changes.
 */
import { setTimeout as wait } from 'node:timers/promises';
import { AgentError } from '../errors.ts';
import type { Log } from '../log.ts';
import { sentenceOf } from '../log.ts';
import type { LlamaProcess, LlamaSettings } from './llama-process.ts';
import { startLlamaProcess } from './llama-process.ts';
import type { Slot } from './slots.ts';
import { chooseSlot, freeSlot, freshSlots, takeSlot } from './slots.ts';

export type Adapter = { modelId: string; gguf: string };
export type Lora = { id: number; scale: number }[];

export type BaseLease = {
  process: LlamaProcess;
  lora: Lora;
  slot: number;
  cachePrompt: boolean;
  release: () => void;
};

type Generation = { process: LlamaProcess; order: readonly string[]; slots: Slot[] };

export type LlamaBase = ReturnType<typeof createLlamaBase>;

/** Every adapter is named in every request: what is not named would keep the server's own scale. */
export const loraFor = (order: readonly string[], modelId: string): Lora =>
  order.map((held, id) => ({ id, scale: held === modelId ? 1 : 0 }));

export const createLlamaBase = (options: {
  python: string;
  log: Log;
  settings: Omit<LlamaSettings, 'adapters' | 'embedding'>;
}) => {
  const { log, settings } = options;
  const name = settings.alias;
  let adapters: readonly Adapter[] = [];
  let current: Generation | null = null;
  let closed = false;
  let takes = 0;
  const waiting = new Set<() => void>();
  const draining = new Set<LlamaProcess>();

  const wake = () => {
    for (const resume of [...waiting]) resume();
  };

  const drain = (old: Generation | null) => {
    if (!old || old.slots.some((slot) => slot.busy) || draining.has(old.process)) return;
    draining.add(old.process);
    void old.process.stop().then(() => draining.delete(old.process));
  };

  const start = async (wanted: readonly Adapter[], replaces?: Generation): Promise<void> => {
    const process = await startLlamaProcess(options.python, {
      ...settings,
      embedding: false,
      adapters: wanted.map((adapter) => adapter.gguf),
    });
    const next: Generation = {
      process,
      order: wanted.map((adapter) => adapter.modelId),
      slots: freshSlots(settings.slots),
    };
    // A restart that lost the race against a change must not bring the old adapters back.
    if (closed || (replaces && current !== replaces)) {
      await process.stop();
      return;
    }
    const old = current;
    current = next;
    adapters = wanted;
    void process.exited.then(() => restart(next));
    wake();
    drain(old);
  };

  /** A process that left by itself is started again, more slowly each time. */
  const restart = async (lost: Generation): Promise<void> => {
    for (let tried = 0; current === lost && !closed; tried += 1) {
      log('error', 'llama.cpp stopped by itself, starting it again', { base: name, tried });
      await wait(Math.min(30_000, 500 * 2 ** tried), undefined, { ref: false });
      if (current !== lost || closed) return;
      await start(adapters, lost).catch((error: unknown) =>
        log('error', 'llama.cpp did not start', { base: name, problem: sentenceOf(error) }),
      );
    }
  };

  const nextWake = (signal?: AbortSignal): Promise<void> =>
    new Promise((resolve, reject) => {
      const done = () => {
        waiting.delete(done);
        signal?.removeEventListener('abort', abort);
        resolve();
      };
      const abort = () => {
        waiting.delete(done);
        reject(new AgentError('cancelled', 'The request was given up while it waited.'));
      };
      if (signal?.aborted) return abort();
      waiting.add(done);
      signal?.addEventListener('abort', abort, { once: true });
    });

  return {
    name,
    adapters: () => adapters,
    start: () => start([]),
    /** Switches to another set of adapters; resolves when requests are served by it. */
    change: (wanted: readonly Adapter[]) => start(wanted),
    healthy: async () => (current ? current.process.healthy() : false),
    /** Takes a slot for one answer, waiting while all are busy. */
    async take(modelId: string, signal?: AbortSignal): Promise<BaseLease> {
      for (;;) {
        const generation = current;
        if (!generation || closed) {
          throw new AgentError('unavailable', `The server of ${name} is not running.`, {
            retryable: true,
          });
        }
        if (modelId !== name && !generation.order.includes(modelId)) {
          throw new AgentError('model_not_found', `${modelId} is not registered here.`);
        }
        const choice = chooseSlot(generation.slots, modelId);
        if (!choice) {
          await nextWake(signal);
          continue;
        }
        takes += 1;
        generation.slots = takeSlot(generation.slots, choice.id, modelId, takes);
        let held = true;
        const release = () => {
          if (!held) return;
          held = false;
          generation.slots = freeSlot(generation.slots, choice.id);
          if (generation !== current) drain(generation);
          wake();
        };
        const lora = loraFor(generation.order, modelId);
        const { process } = generation;
        return { process, lora, slot: choice.id, cachePrompt: choice.cachePrompt, release };
      }
    },
    async close(): Promise<void> {
      closed = true;
      const last = current;
      current = null;
      wake();
      await Promise.all([last?.process.stop(), ...[...draining].map((old) => old.stop())]);
    },
  };
};
