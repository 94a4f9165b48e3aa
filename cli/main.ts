/**
 * The `bruno` program: gives `run` the real world and leaves with its exit code.
 * Started by package.json's script and by people. It must not decide anything.
 */
import { randomUUID } from 'node:crypto';
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { run } from './run.ts';

// `bruno job list | head` closes our output early; that is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});

process.exitCode = await run(process.argv.slice(2), {
  env: process.env,
  writeOut: (text) => process.stdout.write(text),
  writeError: (text) => process.stderr.write(text),
  errorIsTerminal: process.stderr.isTTY === true,
  columns: process.stderr.columns ?? 80,
  repoRoot: resolve(import.meta.dirname, '..'),
  nodeVersion: process.versions.node,
  nowMs: Date.now,
  newId: randomUUID,
  sleep: async (ms) => {
    await sleep(ms);
  },
});
