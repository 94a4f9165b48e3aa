import { describe, expect, it } from 'vitest';
import { readArguments, UsageError } from './arguments.ts';

describe('the command line', () => {
  it('runs four weeks of the tiny model when nothing is said', () => {
    const expected = { weeks: 4, model: 'tiny', visits: 600, seed: 1, json: false, keep: false };
    expect(readArguments([])).toMatchObject(expected);
  });

  it('pays fewer visits to the small model', () => {
    expect(readArguments(['--model', 'small']).visits).toBe(120);
    expect(readArguments(['--model', 'small', '--visits', '40']).visits).toBe(40);
  });

  it.each([
    [['--weeks', '0'], '--weeks takes a whole number from 1 to 20, got "0"'],
    [['--weeks', 'four'], 'got "four"'],
    [['--visits', '3.5'], 'got "3.5"'],
    [['--model', 'large'], '--model takes tiny or small, got "large"'],
    [['--seed', '1e3'], 'got "1e3"'],
    [['--sed', '1'], "Unknown option '--sed'"],
    [['extra'], 'Usage: npm run simulate'],
  ])('refuses %j in one sentence', (words, sentence) => {
    expect(() => readArguments(words)).toThrow(UsageError);
    expect(() => readArguments(words)).toThrow(sentence);
  });
});
