/**
 * The entry of `npm start`: brings the stack up, says where everything is, and ends it in order on
 * Ctrl-C. Reads the environment; every refusal is one sentence and exit code 1.
 */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { explain, StackError } from './errors.ts';
import { defaultHome, homePaths, repoRoot } from './home.ts';
import { onParentGone } from './parent.ts';
import { cancelCommands } from './run-command.ts';
import { type Stack, startStack } from './stack.ts';

/** The terminal and a wrapper may both deliver the same Ctrl-C; a later one means "now". */
const SAME_KEY_PRESS_MS = 1500;

const say = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

export const parsePort = (given: string | undefined): number => {
  if (given === undefined || given === '') return 8787;
  const port = Number(given);
  if (/^\d+$/.test(given) && port >= 1 && port <= 65_535) return port;
  throw new StackError(`PORT must be a number from 1 to 65535, not "${given}": try PORT=8787.`);
};

const describe = (stack: Stack, seconds: string): string =>
  [
    '',
    `Bruno Loop is ready after ${seconds} s.`,
    `  chat      ${stack.url}/`,
    `  console   ${stack.url}/console/#token=${stack.operatorToken}`,
    `  API       ${stack.url}/v1/chat/completions`,
    `  token     ${homePaths(stack.home).operatorToken} (the operator's; keep it to yourself)`,
    `  logs      ${homePaths(stack.home).logs}`,
    'Press Ctrl-C to stop.',
    '',
  ].join('\n');

const run = async (): Promise<void> => {
  const began = performance.now();
  let stack: Stack | null = null;
  let stopping: Promise<void> | null = null;
  let firstSignalAt = 0;
  const giveUp = new AbortController();

  const stop = (): Promise<void> => {
    stopping ??= (async () => {
      say('stopping: writing down what is still on its way');
      await stack?.stop();
      say('stopped');
    })();
    return stopping;
  };
  const onSignal = (): void => {
    const again = firstSignalAt !== 0 && Date.now() - firstSignalAt > SAME_KEY_PRESS_MS;
    if (again) {
      say('stopping at once: the next start cleans up');
      process.exit(130);
    }
    if (firstSignalAt === 0) firstSignalAt = Date.now();
    if (stack !== null) void stop().then(() => process.exit(0));
    else {
      cancelCommands();
      giveUp.abort();
    }
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, onSignal);
  onParentGone(onSignal);

  try {
    stack = await startStack({
      home: defaultHome(process.env),
      port: parsePort(process.env.PORT),
      learningOverridesFile: join(repoRoot, 'learning.local.yaml'),
      onProgress: say,
      signal: giveUp.signal,
    });
  } catch (error) {
    if (firstSignalAt === 0) throw error;
    say('stopped while starting; the next start goes on from there');
    process.exit(130);
  }
  if (firstSignalAt !== 0) {
    await stop();
    process.exit(0);
  }
  say(describe(stack, ((performance.now() - began) / 1000).toFixed(1)));
  const sentence = await stack.died;
  if (stopping !== null) return sleep(60_000, undefined, { ref: false });
  process.stderr.write(`${sentence}\n`);
  await stop();
  process.exit(1);
};

if (import.meta.main) {
  run().catch((error: unknown) => {
    process.stderr.write(`${explain(error)}\n`);
    process.exit(1);
  });
}
