import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { assertAdapterFits, assertMergedFits } from './fit.ts';
import type { Gguf } from './gguf.ts';
import { readGguf } from './gguf.ts';

const gguf = (metadata: [string, string | string[]][], tensors: [string, number[]][]): Gguf => ({
  file: 'x.gguf',
  metadata: new Map(metadata),
  tensors: new Map(tensors),
});

const base = gguf(
  [
    ['general.architecture', 'llama'],
    ['tokenizer.ggml.tokens', ['a', 'b']],
  ],
  [['blk.0.attn_q.weight', [64, 32]]],
);
const lora: [string, string][] = [
  ['general.architecture', 'llama'],
  ['general.type', 'adapter'],
  ['adapter.type', 'lora'],
];
const pair = (inputs: number, outputs: number): [string, number[]][] => [
  ['blk.0.attn_q.weight.lora_a', [inputs, 8]],
  ['blk.0.attn_q.weight.lora_b', [8, outputs]],
];

test('an adapter with the shapes of the base fits', () => {
  expect(() => assertAdapterFits(base, gguf(lora, pair(64, 32)))).not.toThrow();
});

test('an adapter with other shapes is refused with both shapes named', () => {
  expect(() => assertAdapterFits(base, gguf(lora, pair(128, 32)))).toThrow(/\[64,32\].*\[128,8\]/);
});

test('half a pair, no pair, or a file that is no adapter is refused', () => {
  expect(() => assertAdapterFits(base, gguf(lora, pair(64, 32).slice(0, 1)))).toThrow(/missing/);
  expect(() => assertAdapterFits(base, gguf(lora, []))).toThrow(/no LoRA matrices/);
  expect(() => assertAdapterFits(base, base)).toThrow(/Expected a LoRA adapter/);
});

test('a merged model must have the tensors and the vocabulary of the base', () => {
  expect(() => assertMergedFits(base, base)).not.toThrow();
  const fewer = gguf(
    [
      ['general.architecture', 'llama'],
      ['tokenizer.ggml.tokens', ['a']],
    ],
    [['blk.0.attn_q.weight', [64, 32]]],
  );
  expect(() => assertMergedFits(base, fewer)).toThrow(/1 tokens, the base 2/);
  const other = gguf(
    [...base.metadata.keys()].map((key) => [
      key,
      key === 'general.architecture' ? 'llama' : ['a', 'b'],
    ]),
    [],
  );
  expect(() => assertMergedFits(base, other)).toThrow(/missing/);
});

test('a file that is no GGUF, or is cut in its header, is named in the error', () => {
  const folder = mkdtempSync(join(tmpdir(), 'bruno-gguf-'));
  const path = join(folder, 'broken.gguf');
  writeFileSync(path, 'PK\u0003\u0004 something else');
  expect(() => readGguf(path)).toThrow(/broken\.gguf.*begin with GGUF/);
  writeFileSync(path, Buffer.from('GGUF\u0003\u0000\u0000\u0000\u0001', 'latin1'));
  expect(() => readGguf(path)).toThrow(/ends inside its header/);
  const huge = Buffer.alloc(24, 0xff);
  huge.write('GGUF');
  huge.writeUInt32LE(3, 4);
  writeFileSync(path, huge);
  expect(() => readGguf(path)).toThrow(/number of tensors/);
  rmSync(folder, { recursive: true });
});
