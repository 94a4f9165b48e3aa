/**
 * What the loop needs of this machine: Node, Python, its home folder, closed secrets, free disk.
 * Called by `bruno doctor`. It reads and asks versions; it must not open a secret or repair anything.
 */
import { execFile } from 'node:child_process';
import { stat, statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import type { Io } from '../io.ts';
import { bytes } from '../layout.ts';
import type { Settings } from '../settings.ts';
import { type Check, fail, pass, skip } from './check.ts';

const NODE_MAJOR = 24;
const PYTHON = { major: 3, leastMinor: 10, mostMinor: 13 } as const;
const PYTHON_ADVICE = 'install Python 3.10 to 3.13 with its venv module';
const SECRETS = ['operator.token', 'secrets.json'];
// Python with the trainer takes 0.6 GiB, a base with its export 0.8, and each week adds some.
const DISK_LEAST_BYTES = 3 * 1024 ** 3;
const ASK_MS = 10_000;
const ask = promisify(execFile);

export async function machineChecks(settings: Settings, io: Io): Promise<Check[]> {
  return [
    nodeCheck(io.nodeVersion),
    await pythonCheck(settings.home),
    await homeCheck(settings.home),
    await secretsCheck(settings.home),
    await diskCheck(settings.home),
  ];
}

export function nodeCheck(version: string): Check {
  const major = Number(version.split('.')[0]);
  if (major >= NODE_MAJOR) return pass('node', version);
  return fail(
    'node',
    version,
    `run bruno with Node ${NODE_MAJOR} (npm install brings it into node_modules/.bin)`,
  );
}

async function pythonCheck(home: string): Promise<Check> {
  const own = join(home, 'python', 'bin', 'python');
  for (const command of [own, 'python3', 'python']) {
    const version = await pythonVersion(command);
    if (version === null) continue;
    const [major = 0, minor = 0] = version.split('.').map(Number);
    const fits = major === PYTHON.major && minor >= PYTHON.leastMinor && minor <= PYTHON.mostMinor;
    const found = `${version} (${command})`;
    return fits ? pass('python', found) : fail('python', found, PYTHON_ADVICE);
  }
  return fail('python', 'none', PYTHON_ADVICE);
}

/** The version, or null where there is none or it can't make a virtual environment. */
async function pythonVersion(command: string): Promise<string | null> {
  const script = 'import platform, venv, ensurepip; print(platform.python_version())';
  try {
    const { stdout } = await ask(command, ['-c', script], { timeout: ASK_MS });
    return stdout.trim();
  } catch {
    return null;
  }
}

async function modeOf(path: string): Promise<number | null> {
  try {
    return (await stat(path)).mode & 0o777;
  } catch {
    return null;
  }
}

async function homeCheck(home: string): Promise<Check> {
  const mode = await modeOf(home);
  if (mode === null) return fail('home', `${home} is not there`, 'start the stack once: npm start');
  if ((mode & 0o022) === 0) return pass('home', home);
  return fail('home', `${home} can be written by others`, `chmod 700 ${home}`);
}

async function secretsCheck(home: string): Promise<Check> {
  const open: string[] = [];
  let there = 0;
  for (const name of SECRETS) {
    const mode = await modeOf(join(home, name));
    if (mode === null) continue;
    there += 1;
    if ((mode & 0o077) !== 0) open.push(join(home, name));
  }
  if (open.length > 0) {
    return fail('secrets', `readable by others: ${open.join(', ')}`, `chmod 600 ${open.join(' ')}`);
  }
  return there === 0 ? skip('secrets', 'none made yet') : pass('secrets', `${there} files, 0600`);
}

async function diskCheck(home: string): Promise<Check> {
  let folder = home;
  while ((await modeOf(folder)) === null && folder !== dirname(folder)) folder = dirname(folder);
  const { bavail, bsize } = await statfs(folder);
  const free = bavail * bsize;
  if (free >= DISK_LEAST_BYTES) return pass('disk', `${bytes(free)} free`);
  return fail(
    'disk',
    `${bytes(free)} free`,
    `make room: ${bytes(DISK_LEAST_BYTES)} are needed at ${folder}`,
  );
}
