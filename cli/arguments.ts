/**
 * Reads the words after `bruno` into one command with its arguments and options.
 * Called by `run.ts` only. Pure: it throws a one-sentence UsageError and never prints.
 */
import { parseArgs } from 'node:util';
import {
  COMMANDS,
  type CommandName,
  type CommandSpec,
  isCommandName,
  NOUNS,
  verbsOf,
} from './command-table.ts';
import { UsageError } from './errors.ts';
import { suggestion } from './nearest-word.ts';
import { COMMON_OPTIONS, OPTIONS, type OptionName, type OptionSpec } from './option-table.ts';

export type Options = ReadonlyMap<string, string | true>;

export type Parsed =
  | { readonly kind: 'help'; readonly words: readonly string[] }
  | {
      readonly kind: 'command';
      readonly name: CommandName;
      readonly args: readonly string[];
      readonly options: Options;
    };

const OPTION_WORDS: ReadonlyMap<string, OptionSpec> = new Map(Object.entries(OPTIONS));
const HELP_HINT = '(bruno --help lists what there is)';

/** Whether errors are to be JSON, known even where the rest can't be read. */
export function wantsJson(argv: readonly string[]): boolean {
  const end = argv.indexOf('--');
  return (end === -1 ? argv : argv.slice(0, end)).includes('--json');
}

export function parseArguments(argv: readonly string[]): Parsed {
  const { words, options } = split(argv);
  if (options.has('help') || words[0] === 'help') return helpFor(words);
  const { name, spec, args } = findCommand(words);
  checkOptions(name, spec, options);
  checkArgs(name, spec, args);
  return { kind: 'command', name, args, options };
}

function split(argv: readonly string[]): { words: string[]; options: Map<string, string | true> } {
  const config: Record<string, { type: 'string' | 'boolean'; short?: string }> = {};
  for (const [name, spec] of OPTION_WORDS) {
    config[name] =
      spec.short === undefined ? { type: spec.type } : { type: spec.type, short: spec.short };
  }
  // Not strict: Node's own messages run over several sentences; the tokens let us write ours.
  const { tokens } = parseArgs({
    args: [...argv],
    options: config,
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  const words: string[] = [];
  const options = new Map<string, string | true>();
  for (const token of tokens) {
    if (token.kind === 'positional') words.push(token.value);
    if (token.kind !== 'option') continue;
    const value = optionValue(token);
    const before = options.get(token.name);
    if (before === undefined) options.set(token.name, value);
    else if (OPTION_WORDS.get(token.name)?.many) options.set(token.name, `${before},${value}`);
    else throw new UsageError(`--${token.name} is given twice`);
  }
  return { words, options };
}

type OptionToken = {
  name: string;
  rawName: string;
  value?: string | undefined;
  inlineValue?: boolean | undefined;
};

function optionValue(token: OptionToken): string | true {
  const spec = OPTION_WORDS.get(token.name);
  if (spec === undefined) {
    const near = suggestion(token.name, [...OPTION_WORDS.keys()], '--');
    throw new UsageError(`There is no option ${token.rawName}${near} ${HELP_HINT}`);
  }
  if (spec.type === 'boolean') {
    if (token.value === undefined) return true;
    throw new UsageError(`--${token.name} takes no value, but was given "${token.value}"`);
  }
  if (token.value === undefined || (token.value === '' && token.inlineValue !== true)) {
    throw new UsageError(`--${token.name} needs a value: --${token.name} ${spec.value ?? 'VALUE'}`);
  }
  const looksLikeOption = /^-\D/.test(token.value) && token.inlineValue !== true;
  if (looksLikeOption) {
    throw new UsageError(
      `--${token.name} needs a value but "${token.value}" came (write --${token.name}=… if you mean it)`,
    );
  }
  return token.value;
}

function helpFor(words: readonly string[]): Parsed {
  const topic = words[0] === 'help' ? words.slice(1) : words;
  const [noun, verb] = topic;
  if (noun === undefined) return { kind: 'help', words: [] };
  checkNoun(noun);
  const known = verb !== undefined && COMMANDS.has(`${noun} ${verb}`);
  return { kind: 'help', words: known ? [noun, verb] : [noun] };
}

function checkNoun(noun: string): void {
  if (NOUNS.includes(noun)) return;
  throw new UsageError(`There is no command "${noun}"${suggestion(noun, NOUNS)} ${HELP_HINT}`);
}

function findCommand(words: readonly string[]): {
  name: CommandName;
  spec: CommandSpec;
  args: string[];
} {
  const [noun, verb] = words;
  if (noun === undefined)
    throw new UsageError(`Say what to do: one of ${NOUNS.join(', ')} ${HELP_HINT}`);
  checkNoun(noun);
  const verbs = verbsOf(noun);
  // A noun may stand alone and have verbs beside: `erase VISITOR_ID`, `erase list`.
  const alone = COMMANDS.has(noun) && !verbs.some((known) => known === verb);
  if (verbs.length > 0 && verb === undefined && !alone) {
    throw new UsageError(`bruno ${noun} needs a verb: one of ${verbs.join(', ')}`);
  }
  const name = verbs.length === 0 || alone ? noun : `${noun} ${verb}`;
  const spec = COMMANDS.get(name);
  if (spec === undefined || !isCommandName(name)) {
    const near = suggestion(verb ?? '', verbs);
    throw new UsageError(`bruno ${noun} has no verb "${verb}"${near} (it has ${verbs.join(', ')})`);
  }
  return { name, spec, args: words.slice(spec.words.length) };
}

function checkOptions(name: CommandName, spec: CommandSpec, options: Options): void {
  const allowed: readonly string[] = [...COMMON_OPTIONS, ...spec.options];
  for (const option of options.keys()) {
    if (allowed.includes(option)) continue;
    const own: readonly OptionName[] = spec.options;
    const takes = own.length === 0 ? 'none of its own' : own.map((word) => `--${word}`).join(', ');
    throw new UsageError(
      `bruno ${name} has no option --${option}${suggestion(option, allowed, '--')} (it takes ${takes})`,
    );
  }
  for (const option of spec.required ?? []) {
    if (!options.has(option)) {
      throw new UsageError(
        `bruno ${name} needs --${option} ${OPTIONS[option].value ?? ''}`.trimEnd(),
      );
    }
  }
}

function checkArgs(name: CommandName, spec: CommandSpec, args: readonly string[]): void {
  const missing = spec.args[args.length];
  if (missing !== undefined && missing.optional !== true) {
    throw new UsageError(`bruno ${name} needs ${missing.name}: bruno ${name} ${usageArgs(spec)}`);
  }
  const takesMany = spec.args.some((arg) => arg.many === true);
  const extra = args[spec.args.length];
  if (extra !== undefined && !takesMany) {
    throw new UsageError(`bruno ${name} does not know what to do with "${extra}"`);
  }
}

/** How arguments are written in usage lines: ID, EVENT_ID…, [X]. */
export function usageArgs(spec: CommandSpec): string {
  return spec.args
    .map((arg) => `${arg.name}${arg.many === true ? '…' : ''}`)
    .map((text, index) => (spec.args[index]?.optional === true ? `[${text}]` : text))
    .join(' ');
}
