// All benchmarks one after the other; each rewrites its section of RESULTS.md. Arguments are handed on, such
// as --quick. Run: npm run bench.

import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { nodeBinary } from '../local/home.ts';
import { benchRoot } from './lib/children.ts';
import { readOptions } from './lib/options.ts';
import { SECTIONS } from './lib/results.ts';

const { quick } = readOptions([]);
const failed: string[] = [];
for (const name of SECTIONS) {
  process.stderr.write(`\n${name}\n`);
  const script = join(benchRoot, `${name}.ts`);
  const { status } = spawnSync(nodeBinary, [script, ...(quick ? ['--quick'] : [])], {
    stdio: 'inherit',
  });
  if (status !== 0) failed.push(name);
}
if (failed.length > 0) {
  process.stderr.write(`\nended with an error: ${failed.join(', ')}; its output is above.\n`);
  process.exitCode = 1;
}
