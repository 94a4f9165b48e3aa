/**
 * The entry of `npm test`: makes sure that Python and the models are there, as the tests run the
 * real thing, and runs vitest with the arguments it was given. It starts no stack itself.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { ensureAssets } from './assets.ts';
import { explain } from './errors.ts';
import { defaultAssetsHome, nodeBinary, repoRoot } from './home.ts';

const run = async (): Promise<number> => {
  await ensureAssets(defaultAssetsHome(process.env), (line) => {
    process.stderr.write(`${line}\n`);
  });
  const vitest = join(repoRoot, 'node_modules', 'vitest', 'vitest.mjs');
  const args = process.argv.slice(2);
  const result = spawnSync(nodeBinary, [vitest, 'run', ...args], {
    stdio: 'inherit',
    cwd: repoRoot,
  });
  return result.status ?? 1;
};

run().then(
  (code) => process.exit(code),
  (error: unknown) => {
    process.stderr.write(`${explain(error)}\n`);
    process.exit(1);
  },
);
