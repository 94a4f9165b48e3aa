/**
 * Where things lie in a home folder ($BRUNO_HOME), and how a home is made. Called by everything in
 * local/. The large parts that do not change (Python, base models, BLAS) may lie in a shared
 * assets folder that several homes point at.
 */
import { chmodSync, existsSync, lstatSync, mkdirSync, symlinkSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

export const repoRoot = resolve(dirname(fileURLToPath(import.meta.url)), '..');

export const nodeBinary = join(repoRoot, 'node_modules', '.bin', 'node');

/** Set for the bundle that `npm start` makes, which is never deployed. */
export const LOCAL_BUILD = 'BRUNO_LOCAL_BUILD';

export const homePaths = (home: string) => ({
  home,
  lock: join(home, 'lock'),
  pids: join(home, 'pids.json'),
  ports: join(home, 'ports.json'),
  secrets: join(home, 'secrets.json'),
  operatorToken: join(home, 'operator.token'),
  clock: join(home, 'clock.json'),
  address: join(home, 'address'),
  logs: join(home, 'logs'),
  postgres: join(home, 'postgres'),
  miniflare: join(home, 'miniflare'),
});

export const assetPaths = (assetsHome: string) => ({
  assetsHome,
  lock: join(assetsHome, 'install.lock'),
  python: join(assetsHome, 'python'),
  pythonBinary: join(assetsHome, 'python', 'bin', 'python'),
  models: join(assetsHome, 'models'),
  bases: join(assetsHome, 'models', 'bases'),
  embedding: join(assetsHome, 'models', 'embedding'),
  blas: join(assetsHome, 'blas'),
  blasLibrary: join(assetsHome, 'blas', 'libopenblas.so'),
});

export type HomePaths = ReturnType<typeof homePaths>;
export type AssetPaths = ReturnType<typeof assetPaths>;

export const defaultHome = (environment: NodeJS.ProcessEnv): string =>
  resolve(environment.BRUNO_HOME || join(repoRoot, '.bruno'));

export const defaultAssetsHome = (environment: NodeJS.ProcessEnv): string =>
  resolve(environment.BRUNO_ASSETS || join(repoRoot, '.bruno'));

const isThere = (path: string): boolean => {
  try {
    lstatSync(path);
    return true;
  } catch {
    return false;
  }
};

/** Makes the home, and links to the shared assets where they lie elsewhere. */
export const prepareHome = (home: string, assetsHome: string): HomePaths => {
  const paths = homePaths(home);
  mkdirSync(home, { recursive: true });
  // Run as root, Postgres is another user and must be able to pass through; secrets are 0600.
  chmodSync(home, process.getuid?.() === 0 ? 0o711 : 0o700);
  mkdirSync(paths.logs, { recursive: true, mode: 0o700 });
  mkdirSync(paths.miniflare, { recursive: true, mode: 0o700 });
  if (resolve(home) === resolve(assetsHome)) return paths;
  for (const name of ['python', 'models', 'blas']) {
    const target = join(assetsHome, name);
    const link = join(home, name);
    if (existsSync(target) && !isThere(link)) symlinkSync(target, link);
  }
  return paths;
};
