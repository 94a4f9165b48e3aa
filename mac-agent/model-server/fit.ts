/**
 * Decides whether an adapter or a merged model belongs to a base, from GGUF headers alone.
 * Both model servers ask before they register: a foreign adapter is accepted by Ollama and crashes it
 * at the first answer. Pure; it reads no file.
 */
import { AgentError } from '../errors.ts';
import type { Gguf } from './gguf.ts';

const refuse = (message: string): never => {
  throw new AgentError('wrong_base', message);
};

const text = (gguf: Gguf, key: string): string => {
  const value = gguf.metadata.get(key);
  return typeof value === 'string' ? value : 'nothing';
};

const vocabulary = (gguf: Gguf): number => {
  const tokens = gguf.metadata.get('tokenizer.ggml.tokens');
  return Array.isArray(tokens) ? tokens.length : 0;
};

const sameArchitecture = (base: Gguf, other: Gguf, what: string): void => {
  const expected = text(base, 'general.architecture');
  const found = text(other, 'general.architecture');
  if (expected !== found) {
    refuse(
      `The ${what} is for a ${found} model, the base is ${expected}: register it under its own base.`,
    );
  }
};

const ADAPTER_TENSOR = /^(.+)\.lora_(a|b)$/;

/** Throws `wrong_base` unless every pair of adapter matrices fits the base's matrix of that name. */
export const assertAdapterFits = (base: Gguf, adapter: Gguf): void => {
  if (text(adapter, 'general.type') !== 'adapter' || text(adapter, 'adapter.type') !== 'lora') {
    refuse(`Expected a LoRA adapter, the file is a ${text(adapter, 'general.type')}.`);
  }
  sameArchitecture(base, adapter, 'adapter');
  const targets = new Set<string>();
  for (const name of adapter.tensors.keys()) {
    const target = ADAPTER_TENSOR.exec(name)?.[1];
    if (target === undefined) refuse(`The adapter holds ${name}, which is no LoRA matrix.`);
    else targets.add(target);
  }
  if (targets.size === 0) refuse('The adapter holds no LoRA matrices: export it again.');
  for (const target of targets) {
    const weight = base.tensors.get(target);
    const a = adapter.tensors.get(`${target}.lora_a`);
    const b = adapter.tensors.get(`${target}.lora_b`);
    const fits =
      weight && a && b && a[0] === weight[0] && b[1] === weight[1] && (a[1] ?? 1) === b[0];
    if (!fits) {
      const shape = (value: readonly number[] | undefined) => (value ? `[${value}]` : 'missing');
      refuse(
        `The adapter was made for another base: ${target} is ${shape(weight)} in the base, and the adapter has a ${shape(a)} and b ${shape(b)}.`,
      );
    }
  }
};

/** Throws `wrong_base` unless the merged model has exactly the base's tensors and vocabulary size. */
export const assertMergedFits = (base: Gguf, merged: Gguf): void => {
  sameArchitecture(base, merged, 'merged model');
  if (vocabulary(base) !== vocabulary(merged)) {
    refuse(
      `The merged model has ${vocabulary(merged)} tokens, the base ${vocabulary(base)}: it was made from another base.`,
    );
  }
  for (const [name, shape] of base.tensors) {
    const found = merged.tensors.get(name);
    if (found?.join() !== shape.join()) {
      refuse(
        `The merged model was made from another base: ${name} is [${shape}] in the base and ${found ? `[${found}]` : 'missing'} in it.`,
      );
    }
  }
};
