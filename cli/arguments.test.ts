/**
 * Reading the command line: words, options, misuse in one sentence, help pages, nearest words.
 */
import { describe, expect, it } from 'vitest';
import { parseArguments, wantsJson } from './arguments.ts';
import { COMMANDS } from './command-table.ts';
import { UsageError } from './errors.ts';
import { helpPage } from './help.ts';
import { editDistance, nearestWord } from './nearest-word.ts';

function misuse(line: string): string {
  try {
    parseArguments(line.split(' ').filter((word) => word !== ''));
  } catch (thrown) {
    if (thrown instanceof UsageError) return thrown.message;
    throw thrown;
  }
  return 'no misuse';
}

describe('reading the command line', () => {
  it('finds noun, verb, arguments and options in any order', () => {
    const parsed = parseArguments(['--json', 'review', 'accept', 'a', '--note=fine', 'b']);
    expect(parsed).toEqual({
      kind: 'command',
      name: 'review accept',
      args: ['a', 'b'],
      options: new Map<string, string | true>([
        ['json', true],
        ['note', 'fine'],
      ]),
    });
  });

  it('takes everything after -- as arguments', () => {
    const parsed = parseArguments(['job', 'show', '--', '--json']);
    expect(parsed).toMatchObject({ args: ['--json'], options: new Map() });
    expect(wantsJson(['job', 'show', '--', '--json'])).toBe(false);
  });

  it('takes a value that starts with a dash only when it is tied to its option', () => {
    expect(misuse('route rollback --reason --json')).toContain('--reason needs a value');
    expect(parseArguments(['route', 'rollback', '--reason=-x'])).toMatchObject({
      options: new Map([['reason', '-x']]),
    });
  });

  it.each([
    ['', 'Say what to do: one of status, doctor'],
    ['datset list', 'did you mean dataset'],
    ['frobnicate', 'There is no command "frobnicate" (bruno --help'],
    ['route', 'bruno route needs a verb: one of show, start'],
    ['route strat m --reason x', 'did you mean start'],
    ['status now', 'does not know what to do with "now"'],
    ['job create', 'bruno job create needs DATASET'],
    ['job show 1 --folow', 'did you mean --follow'],
    ['job list --follow', 'bruno job list has no option --follow'],
    ['route start m', 'bruno route start needs --reason TEXT'],
    ['status --json=yes', '--json takes no value, but was given "yes"'],
    ['status --url', '--url needs a value: --url URL'],
    ['status --json --json', '--json is given twice'],
    ['status -q', 'There is no option -q'],
    ['review reject', 'bruno review reject needs EVENT_ID'],
  ])('answers "%s" with one sentence', (line, part) => {
    const sentence = misuse(line);
    expect(sentence).toContain(part);
    expect(sentence).not.toMatch(/\n|[.!?]\s+[A-Z]/);
  });

  it('shows help for the nearest page that is known', () => {
    expect(parseArguments(['--help'])).toEqual({ kind: 'help', words: [] });
    expect(parseArguments(['help', 'job'])).toEqual({ kind: 'help', words: ['job'] });
    expect(parseArguments(['job', 'show', '-h'])).toEqual({ kind: 'help', words: ['job', 'show'] });
    expect(parseArguments(['job', 'nonsense', '-h'])).toEqual({ kind: 'help', words: ['job'] });
  });
});

describe('help', () => {
  it('has a page for every command that names each of its options', () => {
    for (const spec of COMMANDS.values()) {
      const page = helpPage(spec.words);
      expect(page).toContain(`bruno ${spec.words.join(' ')}`);
      for (const option of [...spec.options, 'json', 'url']) expect(page).toContain(`--${option}`);
    }
  });

  it('marks what is required', () => {
    expect(helpPage(['route', 'promote'])).toContain('why, kept in the history (required)');
    expect(helpPage(['route', 'rollback'])).not.toContain('(required)');
  });
});

describe('the nearest word', () => {
  it('counts swapped neighbours as one edit', () => {
    expect(editDistance('stauts', 'status')).toBe(1);
    expect(editDistance('', 'abc')).toBe(3);
  });

  it('knows a word by its beginning and stays silent about strangers', () => {
    expect(nearestWord('rev', ['route', 'review'])).toBe('review');
    expect(nearestWord('xyzzy', ['route', 'review'])).toBeNull();
    expect(nearestWord('x', [])).toBeNull();
  });
});
