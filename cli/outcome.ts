/**
 * What a command receives and what it hands back. `run.ts` prints the outcome; commands never do.
 */
import type { Options } from './arguments.ts';
import type { Client } from './client.ts';
import type { Failure } from './errors.ts';
import type { Io } from './io.ts';
import type { Progress } from './progress.ts';
import type { Settings } from './settings.ts';

export type CommandCall = {
  readonly args: readonly string[];
  readonly options: Options;
  readonly settings: Settings;
  readonly client: Client;
  readonly io: Io;
  readonly progress: Progress;
};

export type Outcome = {
  /** What --json prints. */
  readonly document: unknown;
  /** What people read. */
  readonly text: string;
  /** Set when what was asked for failed although there is something to show: exit code 1. */
  readonly failure?: Failure;
};

export type Command = (call: CommandCall) => Promise<Outcome>;

/** The value of a string option that was given. */
export function textOption(options: Options, name: string): string | undefined {
  const value = options.get(name);
  return typeof value === 'string' ? value : undefined;
}

/** An argument the parser has already insisted on. */
export function argument(call: CommandCall, index: number): string {
  return call.args[index] ?? '';
}
