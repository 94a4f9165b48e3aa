/**
 * Knows which processes belong to a home folder, and ends those that an earlier run left behind.
 * Called by the stack for everything it starts. A pid alone proves nothing, because systems reuse
 * them: a process is ours only if it was also born at the recorded moment, or carries our mark.
 */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { readJson, writeAtomic } from './files.ts';

/** Set in the environment of every child; on Linux it finds children whose record was lost. */
export const HOME_MARK = 'BRUNO_STACK_HOME';
/** The same for the commands of an install; the folder is the assets'. */
export const INSTALL_MARK = 'BRUNO_INSTALL_HOME';

const entrySchema = z.strictObject({ name: z.string(), pid: z.number().int(), born: z.string() });
const fileSchema = z.strictObject({ version: z.literal(1), processes: z.array(entrySchema) });

export type ProcessMark = { readonly pid: number; readonly born: string };
export type ProcessEntry = z.output<typeof entrySchema>;
type Listed = ProcessMark & { readonly ppid: number; readonly command: string };

const linux = process.platform === 'linux';

const readProc = (pid: number | string, file: string): string => {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return '';
  }
};

const listedOnLinux = (pid: number): Listed | null => {
  // The command in brackets may hold spaces and brackets itself, so fields count from the last one.
  const stat = readProc(pid, 'stat');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [state, ppid, born] = [fields[0], fields[1], fields[19]];
  if (born === undefined || state === 'Z' || state === 'X') return null;
  const command = readProc(pid, 'cmdline').replaceAll('\0', ' ').trim();
  return { pid, ppid: Number(ppid), born, command };
};

const listedByPs = (selection: readonly string[]): Listed[] => {
  let output = '';
  try {
    const columns = ['-o', 'pid=,ppid=,stat=,lstart=,command='];
    output = execFileSync('ps', [...selection, ...columns], { encoding: 'utf8', timeout: 5000 });
  } catch {
    return [];
  }
  return output.split('\n').flatMap((line) => {
    const match = /^\s*(\d+)\s+(\d+)\s+(\S+)\s+(\S+\s+\S+\s+\d+\s+\S+\s+\d+)\s+(.*)$/.exec(line);
    const [, pid, ppid, state, born, command] = match ?? [];
    if (born === undefined || state?.startsWith('Z')) return [];
    return [{ pid: Number(pid), ppid: Number(ppid), born, command: command ?? '' }];
  });
};

const find = (pid: number): Listed | null =>
  linux ? listedOnLinux(pid) : (listedByPs(['-p', String(pid)])[0] ?? null);

const listAll = (): Listed[] => {
  if (!linux) return listedByPs(['-ax']);
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return pids.flatMap((pid) => listedOnLinux(Number(pid)) ?? []);
};

export const markOf = (pid: number): ProcessMark | null => {
  const found = find(pid);
  return found === null ? null : { pid, born: found.born };
};

export const isAlive = (mark: ProcessMark): boolean => find(mark.pid)?.born === mark.born;

export const commandOf = (pid: number): string => find(pid)?.command ?? '';

/** Children, their children and so on; the process itself is not among them. */
export const descendants = (pid: number): Listed[] => {
  const all = listAll();
  const below = (parent: number): Listed[] =>
    all.filter((one) => one.ppid === parent).flatMap((one) => [one, ...below(one.pid)]);
  return below(pid);
};

const send = (pid: number, signal: NodeJS.Signals): void => {
  try {
    process.kill(pid, signal);
  } catch {
    // It ended between the look and the signal.
  }
};

/** At once, with everything below it; for commands that are given up. */
export const killFamily = (pid: number): void => {
  for (const one of [{ pid }, ...descendants(pid)]) send(one.pid, 'SIGKILL');
};

const ended = async (marks: readonly ProcessMark[], withinMs: number): Promise<boolean> => {
  const deadline = Date.now() + withinMs;
  while (marks.some(isAlive)) {
    if (Date.now() > deadline) return false;
    await sleep(25);
  }
  return true;
};

/** Asks the process to end, and after the grace kills it with everything below it. */
export const endProcess = async (
  mark: ProcessMark,
  signal: NodeJS.Signals,
  graceMs: number,
): Promise<void> => {
  if (!isAlive(mark)) return;
  const family = descendants(mark.pid);
  send(mark.pid, signal);
  await ended([mark], graceMs);
  const left = [mark, ...family].filter(isAlive);
  for (const one of left) send(one.pid, 'SIGKILL');
  await ended(left, 5000);
};

const read = (file: string): ProcessEntry[] => readJson(file, fileSchema)?.processes ?? [];

const write = (file: string, processes: readonly ProcessEntry[]): void =>
  writeAtomic(file, `${JSON.stringify({ version: 1, processes }, null, 2)}\n`);

export const recordProcess = (file: string, name: string, pid: number): ProcessMark | null => {
  const mark = markOf(pid);
  if (mark === null) return null;
  write(file, [...read(file).filter((entry) => entry.name !== name), { name, ...mark }]);
  return mark;
};

export const forgetProcess = (file: string, name: string): void =>
  write(
    file,
    read(file).filter((entry) => entry.name !== name),
  );

const markedWith = (mark: string): ProcessEntry[] => {
  if (!linux) return [];
  return listAll()
    .filter((one) => one.pid !== process.pid)
    .filter((one) => readProc(one.pid, 'environ').split('\0').includes(mark))
    .map(({ pid, born }) => ({ name: 'marked', pid, born }));
};

/** Ends what a killed installer left running, which would write into the folder of the next. */
export const reapInstallers = async (assetsHome: string): Promise<void> => {
  const marked = markedWith(`${INSTALL_MARK}=${assetsHome}`);
  await Promise.all(marked.map((entry) => endProcess(entry, 'SIGTERM', 5000)));
};

/** Ends what an earlier run of this home left running; answers what it ended. Hold the lock. */
export const reapOrphans = async (file: string, home: string): Promise<string[]> => {
  const recorded = read(file).filter(isAlive);
  for (const entry of recorded) {
    // SIGINT is Postgres' fast shutdown: it saves everything and does not wait for its clients.
    await endProcess(entry, entry.name === 'postgres' ? 'SIGINT' : 'SIGTERM', 15_000);
  }
  const marked = markedWith(`${HOME_MARK}=${home}`);
  await Promise.all(marked.map((entry) => endProcess(entry, 'SIGINT', 5000)));
  write(file, []);
  return [...recorded, ...marked].map((entry) => `${entry.name} (pid ${entry.pid})`);
};
