/**
 * Reads the header of a GGUF file: metadata and the tensors' names and shapes, never their data.
 * Used to refuse an adapter made for another base before a model server crashes on it.
 * Strict: anything that does not fit the format or sane limits is an error that names the file.
 */
import { closeSync, openSync, readSync } from 'node:fs';
import { basename } from 'node:path';
import { AgentError } from '../errors.ts';

export type GgufValue = string | number | bigint | boolean | readonly GgufValue[];

export type Gguf = {
  file: string;
  metadata: ReadonlyMap<string, GgufValue>;
  /** Name → shape, fastest dimension first (a matrix is [inputs, outputs]). */
  tensors: ReadonlyMap<string, readonly number[]>;
};

const MAX_TENSORS = 100_000;
const MAX_KEYS = 10_000;
const MAX_ARRAY = 10_000_000;
const MAX_STRING = 16 * 1024 * 1024;
const WINDOW = 1024 * 1024;

const bad = (file: string, problem: string): AgentError =>
  new AgentError('bad_gguf', `${basename(file)} is not a usable GGUF file: ${problem}.`);

/** A forward reader over a file descriptor that refills a window, so that headers of any size fit. */
const openReader = (file: string) => {
  const descriptor = openSync(file, 'r');
  let window = Buffer.alloc(0);
  let at = 0;
  let position = 0;
  const need = (bytes: number): number => {
    if (at + bytes > window.length) {
      const rest = window.subarray(at);
      const next = Buffer.alloc(Math.max(bytes, WINDOW));
      rest.copy(next);
      const read = readSync(descriptor, next, rest.length, next.length - rest.length, position);
      position += read;
      window = next.subarray(0, rest.length + read);
      at = 0;
      if (bytes > window.length) throw bad(file, 'it ends inside its header');
    }
    at += bytes;
    return at - bytes;
  };
  const readU64 = (): bigint => {
    const offset = need(8);
    return window.readBigUInt64LE(offset);
  };
  const count = (limit: number, what: string): number => {
    const value = readU64();
    if (value > limit) throw bad(file, `${what} is ${value}, at most ${limit} is allowed`);
    return Number(value);
  };
  return {
    count,
    u8: () => {
      const offset = need(1);
      return window.readUInt8(offset);
    },
    i8: () => {
      const offset = need(1);
      return window.readInt8(offset);
    },
    u16: () => {
      const offset = need(2);
      return window.readUInt16LE(offset);
    },
    i16: () => {
      const offset = need(2);
      return window.readInt16LE(offset);
    },
    u32: () => {
      const offset = need(4);
      return window.readUInt32LE(offset);
    },
    i32: () => {
      const offset = need(4);
      return window.readInt32LE(offset);
    },
    f32: () => {
      const offset = need(4);
      return window.readFloatLE(offset);
    },
    f64: () => {
      const offset = need(8);
      return window.readDoubleLE(offset);
    },
    u64: readU64,
    i64: () => {
      const offset = need(8);
      return window.readBigInt64LE(offset);
    },
    string: () => {
      const length = count(MAX_STRING, 'the length of a string');
      const offset = need(length);
      return window.toString('utf8', offset, offset + length);
    },
    close: () => closeSync(descriptor),
  };
};

type Reader = ReturnType<typeof openReader>;

const readValue = (reader: Reader, type: number, file: string, depth: number): GgufValue => {
  switch (type) {
    case 0:
      return reader.u8();
    case 1:
      return reader.i8();
    case 2:
      return reader.u16();
    case 3:
      return reader.i16();
    case 4:
      return reader.u32();
    case 5:
      return reader.i32();
    case 6:
      return reader.f32();
    case 7:
      return reader.u8() !== 0;
    case 8:
      return reader.string();
    case 9: {
      if (depth > 2) throw bad(file, 'its arrays are nested too deep');
      const inner = reader.u32();
      const length = reader.count(MAX_ARRAY, 'the length of an array');
      const values: GgufValue[] = [];
      for (let index = 0; index < length; index += 1) {
        values.push(readValue(reader, inner, file, depth + 1));
      }
      return values;
    }
    case 10:
      return reader.u64();
    case 11:
      return reader.i64();
    case 12:
      return reader.f64();
    default:
      throw bad(file, `it has a value of unknown type ${type}`);
  }
};

export const readGguf = (file: string): Gguf => {
  const reader = openReader(file);
  try {
    // "GGUF" read as a little-endian number.
    if (reader.u32() !== 0x46554747) throw bad(file, 'it does not begin with GGUF');
    const version = reader.u32();
    if (version !== 2 && version !== 3) throw bad(file, `version ${version} is not 2 or 3`);
    const tensorCount = reader.count(MAX_TENSORS, 'the number of tensors');
    const keyCount = reader.count(MAX_KEYS, 'the number of keys');
    const metadata = new Map<string, GgufValue>();
    for (let index = 0; index < keyCount; index += 1) {
      const key = reader.string();
      metadata.set(key, readValue(reader, reader.u32(), file, 0));
    }
    const tensors = new Map<string, readonly number[]>();
    for (let index = 0; index < tensorCount; index += 1) {
      const name = reader.string();
      const dimensions = reader.u32();
      if (dimensions > 4) throw bad(file, `tensor ${name} has ${dimensions} dimensions`);
      const shape: number[] = [];
      for (let d = 0; d < dimensions; d += 1) shape.push(Number(reader.u64()));
      reader.u32();
      reader.u64();
      tensors.set(name, shape);
    }
    return { file, metadata, tensors };
  } finally {
    reader.close();
  }
};
