// Where Schemathesis is installed: a Python environment of its own beside the product's, which only
// this suite makes and `npm start` never pays for.

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { withLock } from '../../local/lock.ts';
import { ensurePython } from '../../local/python.ts';

/** The path of the `st` command. */
export async function ensureSchemathesis(assetsHome: string): Promise<string> {
  const python = join(assetsHome, 'python-schemathesis');
  const logs = join(assetsHome, 'logs');
  mkdirSync(logs, { recursive: true });
  const onProgress = (line: string) => void process.stderr.write(`${line}\n`);
  const paths = { assetsHome, python, pythonBinary: join(python, 'bin', 'python') };
  await withLock(
    `${python}.lock`,
    () =>
      ensurePython(
        { paths, log: join(logs, 'install.log'), onProgress },
        {
          requirementsFile: join(import.meta.dirname, 'requirements.txt'),
          neededMiB: 300,
          size: 'about 15 MB to download, 60 MB on disk',
        },
      ),
    {
      waitMs: 10 * 60_000,
      onWait: (holder) => onProgress(`waiting for another install (process ${holder})`),
    },
  );
  return join(python, 'bin', 'st');
}
