/**
 * The help pages, written from the command table. Called by `run.ts` for --help. Pure.
 */
import { usageArgs } from './arguments.ts';
import { COMMANDS, type CommandSpec } from './command-table.ts';
import { COMMON_OPTIONS, OPTIONS, type OptionName } from './option-table.ts';

const EXITS = 'Exit code: 0 done, 1 it failed, 2 misuse.';

export function helpPage(words: readonly string[]): string {
  const [noun, verb] = words;
  const exact = COMMANDS.get(words.join(' '));
  if (exact !== undefined) return commandPage(exact);
  const chosen = [...COMMANDS.values()].filter(
    (spec) => noun === undefined || spec.words[0] === noun,
  );
  const title =
    noun === undefined ? "bruno: operate the assistant's learning loop" : `bruno ${noun}`;
  const more =
    noun === undefined ? 'bruno NOUN VERB --help' : `bruno ${noun} ${verb ?? 'VERB'} --help`;
  return [
    title,
    '',
    ...columns(chosen.map((spec) => [usage(spec), spec.summary])),
    '',
    'Everywhere',
    ...optionLines(COMMON_OPTIONS),
    '',
    `${EXITS} More: ${more}`,
  ].join('\n');
}

function commandPage(spec: CommandSpec): string {
  const own =
    spec.options.length === 0 ? [] : ['', 'Options', ...optionLines(spec.options, spec.required)];
  return [
    `bruno ${usage(spec)}`,
    `  ${spec.summary}`,
    ...own,
    '',
    'Everywhere',
    ...optionLines(COMMON_OPTIONS),
    '',
    EXITS,
  ].join('\n');
}

function usage(spec: CommandSpec): string {
  const parts = [spec.words.join(' '), usageArgs(spec)];
  for (const name of spec.options) {
    const value = OPTIONS[name].value;
    const text = value === undefined ? `--${name}` : `--${name} ${value}`;
    const isRequired = spec.required?.includes(name) === true;
    if (isRequired) parts.push(text);
  }
  return parts.filter((part) => part !== '').join(' ');
}

function optionLines(names: readonly OptionName[], required: readonly OptionName[] = []): string[] {
  return columns(
    names.map((name) => {
      const { value, help, short } = OPTIONS[name];
      const dash = short === undefined ? '' : `, -${short}`;
      const must = required.includes(name) ? ' (required)' : '';
      return [`--${name}${value === undefined ? '' : ` ${value}`}${dash}`, `${help}${must}`];
    }),
  );
}

function columns(rows: readonly (readonly [string, string])[]): string[] {
  const width = Math.max(...rows.map(([left]) => left.length));
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`);
}
