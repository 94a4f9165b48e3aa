/**
 * A stack of its own for every test of a file, and `bruno` run against it. For the CLI's tests.
 */
import { afterEach, beforeEach } from 'vitest';
import { bruno } from './run-cli.ts';
import { type Stack, startStack } from './stack-server.ts';

export function freshStack() {
  let running: Stack | undefined;
  const stack = (): Stack => {
    if (running === undefined) throw new Error('the stack runs only within a test');
    return running;
  };
  beforeEach(async () => {
    running = await startStack();
  });
  afterEach(() => running?.close());
  return {
    stack,
    run: (line: string, ...more: string[]) =>
      bruno([...line.split(' ').filter((word) => word !== ''), ...more], stack().url),
    posts: () => stack().requests.filter(({ method }) => method === 'POST'),
  };
}
