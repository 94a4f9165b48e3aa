/**
 * Makes the assets folder ready: Python environment, then models. Called by the stack and by
 * `npm test`. Two callers at once are put in line: the second finds the work done.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type AssetPaths, assetPaths } from './home.ts';
import { withLock } from './lock.ts';
import { ensureModels } from './models.ts';
import { reapInstallers } from './processes.ts';
import { ensurePython } from './python.ts';

export const ensureAssets = async (
  assetsHome: string,
  onProgress: (line: string) => void,
): Promise<AssetPaths> => {
  const paths = assetPaths(assetsHome);
  const logs = join(assetsHome, 'logs');
  mkdirSync(logs, { recursive: true });
  const options = { paths, log: join(logs, 'install.log'), onProgress };
  await withLock(
    paths.lock,
    async () => {
      await reapInstallers(assetsHome);
      await ensurePython(options);
      await ensureModels(options);
    },
    {
      waitMs: 30 * 60_000,
      onWait: (holder) => onProgress(`waiting for another install (process ${holder})`),
    },
  );
  return paths;
};
