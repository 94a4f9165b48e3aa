/**
 * Token ids to bytes, from a base's GGUF header; used to compare probes with a server that tells only
 * text. Knows byte-level vocabularies (tokenizer `gpt2`) alone: those are what the exporter writes.
 */
import type { Vocabulary } from '../probes.ts';
import type { Gguf, GgufValue } from './gguf.ts';

const CONTROL = 3;

/** The GPT-2 table: each byte is written as one printable character in the vocabulary. */
const byteTable = (): Map<string, number> => {
  const table = new Map<string, number>();
  let extra = 256;
  for (let byte = 0; byte < 256; byte += 1) {
    const printable =
      (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || (byte >= 174 && byte <= 255);
    const code = printable ? byte : extra;
    if (!printable) extra += 1;
    table.set(String.fromCodePoint(code), byte);
  }
  return table;
};

const listOf = (value: GgufValue | undefined): readonly GgufValue[] =>
  Array.isArray(value) ? value : [];

export const vocabularyOf = (gguf: Gguf): Vocabulary => {
  const tokens = listOf(gguf.metadata.get('tokenizer.ggml.tokens'));
  const types = listOf(gguf.metadata.get('tokenizer.ggml.token_type'));
  const table = byteTable();
  const isControl = (token: number): boolean => types[token] === CONTROL;
  return {
    isControl,
    bytesOf(token) {
      const piece = tokens[token];
      if (typeof piece !== 'string' || isControl(token)) return new Uint8Array();
      const bytes: number[] = [];
      for (const character of piece) {
        const byte = table.get(character);
        if (byte === undefined) bytes.push(...Buffer.from(character));
        else bytes.push(byte);
      }
      return Uint8Array.from(bytes);
    },
  };
};
