// What every benchmark is told on its command line: --quick, and numbers by name.

import { parseArgs } from 'node:util';

export interface Options {
  quick: boolean;
  /** `--name 5`, else what is right for a whole or a quick run. */
  number(name: string, whole: number, quick: number): number;
  flag(name: string): boolean;
}

export function readOptions(names: readonly string[], flags: readonly string[] = []): Options {
  const { values } = parseArgs({
    options: {
      quick: { type: 'boolean', default: false },
      ...Object.fromEntries(names.map((name) => [name, { type: 'string' } as const])),
      ...Object.fromEntries(flags.map((name) => [name, { type: 'boolean' } as const])),
    },
  });
  const given = new Map<string, unknown>(Object.entries(values));
  const quick = given.get('quick') === true;
  return {
    quick,
    number: (name, whole, short) => {
      const text = given.get(name);
      if (typeof text !== 'string') return quick ? short : whole;
      const value = Number(text);
      if (!(value > 0)) throw new Error(`--${name} takes a number above 0, got "${text}".`);
      return value;
    },
    flag: (name) => given.get(name) === true,
  };
}
