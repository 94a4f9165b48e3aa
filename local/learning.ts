/**
 * The learning configuration of a local stack, checked before anything starts: learning.yaml, and
 * beside it a file of overrides whose every change is said aloud. Called by stack.ts.
 */
import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { parseLearning } from '../core/learning-config.ts';
import { StackError } from './errors.ts';
import { repoRoot } from './home.ts';

/** The overrides' text, to be handed to the Worker; throws StackError that names every key at fault. */
export const readOverrides = (
  file: string | undefined,
  say: (line: string) => void = () => {},
): string => {
  if (file === undefined) return '';
  const text = readFileSync(file, 'utf8');
  try {
    const yaml = readFileSync(join(repoRoot, 'learning.yaml'), 'utf8');
    const { changed } = parseLearning(yaml, text);
    if (changed.length > 0) say(`${basename(file)} changes learning.yaml:`);
    for (const { path, from, to } of changed) {
      say(`  ${path}: ${JSON.stringify(from)} → ${JSON.stringify(to)}`);
    }
  } catch (error) {
    throw new StackError(`${basename(file)}: ${error instanceof Error ? error.message : error}`);
  }
  return text;
};
