import { execFile } from 'node:child_process';
import { appendFileSync, cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { readArguments, UsageError } from './arguments.ts';
import { cellsOf, codeVersion, readScenario } from './cells.ts';
import { runTasks, tasksOf } from './pool.ts';
import { type Run, Store, StoreError } from './store.ts';

const folder = mkdtempSync(join(tmpdir(), 'bruno-decisions-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const scenario = (over: object = {}): string => {
  const path = join(folder, `${z.object({ name: z.string() }).parse(over).name}.json`);
  writeFileSync(path, JSON.stringify(over));
  return path;
};
const cells = (path: string, runs = 4, code = 'code') =>
  cellsOf([readScenario(path)], { runs, code });
const few = { users_per_day: 60, days: 3 };

describe('the command line', () => {
  it('has the proof’s numbers as defaults', () => {
    const defaults = { runs: null, scenarios: [], seed: 1, workers: 2, out: null };
    expect(readArguments([])).toEqual({
      ...defaults,
      summaryOnly: false,
      sameAs: null,
      replay: null,
      events: [],
    });
    expect(readArguments(['--scenario', 'a', '--scenario', 'b']).scenarios).toEqual(['a', 'b']);
  });

  it.each([
    [['--runs', '0'], '--runs takes a whole number from 1 to 1000000, got "0"'],
    [['--replay', '0'], '--replay takes a whole number from 1 to 1000, got "0"'],
    [['--same-as', 'main'], '--same-as takes a code as summary.json names it'],
    [['--rnus', '1'], "Unknown option '--rnus'"],
  ])('says what is wrong with %j', (words, reason) => {
    expect(() => readArguments(words)).toThrow(reason);
  });
});

describe('a scenario file', () => {
  it.each([
    [{ name: 'typo', error_rate: 0.1 }, 'error_rate'],
    [{ name: 'deep', treatment: { error: 2 } }, 'treatment.error'],
    [{ name: 'quantiles', control: { first_token_p99: 1 } }, 'first_token_p99'],
  ])('is refused by the name of the wrong key: %j', (content, key) => {
    const path = scenario(content);
    expect(() => readScenario(path)).toThrow(UsageError);
    expect(() => readScenario(path)).toThrow(key);
  });

  it('is refused when it is missing, or no JSON', () => {
    expect(() => readScenario('nothing-of-that-name')).toThrow('identical');
    const path = join(folder, 'broken.json');
    writeFileSync(path, '{');
    expect(() => readScenario(path)).toThrow('broken.json is no JSON');
  });

  it('comes with fixed thresholds beside it, and has its own key for every change of its world', () => {
    const [own, literal] = cells(scenario({ name: 'one', what: 'words', ...few }));
    expect([own?.scenario.policy, literal?.scenario.policy]).toEqual(['sequential', 'literal']);
    const key = (over: object, code?: string) =>
      cells(scenario({ name: 'one', ...few, ...over }), 4, code)[0]?.key;
    expect(key({ what: 'other words' })).toBe(own?.key);
    expect(key({ judged: 0.2 })).not.toBe(own?.key);
    expect(key({ promote_on: 'non_inferior' })).not.toBe(own?.key);
    expect(key({}, 'other code')).not.toBe(own?.key);
    expect(literal?.key).not.toBe(own?.key);
  });
});

describe('the version of the code', () => {
  const copy = join(folder, 'copy/');
  beforeAll(() => {
    for (const part of ['core/statistics', 'core/rollout', 'simulation/rollout']) {
      cpSync(new URL(`../../${part}`, import.meta.url), `${copy}${part}`, { recursive: true });
    }
  });

  it('changes with what decides and simulates, not with its tests', () => {
    expect(codeVersion(copy)).toBe(codeVersion());
    appendFileSync(`${copy}core/rollout/decide.test.ts`, '\n// more');
    expect(codeVersion(copy)).toBe(codeVersion());
    appendFileSync(`${copy}core/statistics/policy.ts`, '\n// more');
    expect(codeVersion(copy)).not.toBe(codeVersion());
  });
});

describe('kept results', () => {
  const [cell] = cells(scenario({ name: 'kept', ...few }));
  if (cell === undefined) throw new Error('no cell');
  const store = new Store(folder);
  const run = (seed: number): Run => ({
    seed,
    outcome: 'promoted',
    hours: 98.75,
    lastStageHours: 74.75,
    steppedInOutage: false,
    cpuMs: 3,
  });
  const file = join(folder, 'runs', 'kept.jsonl');

  it('are read again, each seed once, and only under their own key', () => {
    store.add(cell, run(1));
    store.add(cell, run(1));
    store.add({ ...cell, key: '0123456789abcdef' }, run(2));
    store.add(cell, run(3));
    expect([...store.read(cell).values()]).toEqual([run(1), run(3)]);
  });

  it('lose a last line that was cut off, and nothing else', () => {
    appendFileSync(file, `["${cell.key}",4,"prom`);
    expect([...store.read(cell).keys()]).toEqual([1, 3]);
    store.mend(cell);
    store.add(cell, run(5));
    expect([...store.read(cell).keys()]).toEqual([1, 3, 5]);
  });

  it('name the line that is no result', () => {
    appendFileSync(file, 'not a result\n');
    expect(() => store.read(cell)).toThrow(StoreError);
    expect(() => store.read(cell)).toThrow('kept.jsonl:6 is no result of a run');
  });
});

describe('the list of runs', () => {
  it('holds what is missing, every cell to the same share', () => {
    const [long] = cells(scenario({ name: 'long', ...few }), 4);
    const [short] = cells(scenario({ name: 'short', ...few }), 2);
    if (long === undefined || short === undefined) throw new Error('no cell');
    const tasks = tasksOf([long, short], (cell, seed) => cell === long && seed === 1_000_001, 1);
    expect(tasks.map(({ cell, seed }) => `${cell.scenario.name} ${seed}`)).toEqual([
      'long 1000000',
      'short 1000000',
      'long 1000002',
      'short 1000001',
      'long 1000003',
    ]);
  });

  it('stops when asked to, and ends', async () => {
    const tasks = tasksOf(cells(scenario({ name: 'stopped', ...few }), 500), () => false, 1);
    const stop = new AbortController();
    let runs = 0;
    await runTasks(tasks, {
      workers: 1,
      signal: stop.signal,
      done: () => {
        runs += 1;
        if (runs === 3) stop.abort();
      },
    });
    expect(runs).toBe(3);
  });
});

describe('npm run bench:decisions', () => {
  const start = async (...words: string[]) => {
    const main = new URL('../decisions.ts', import.meta.url).pathname;
    const out = join(folder, 'out');
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [
      main,
      ...['--out', out, '--workers', '1', ...words],
    ]);
    return { stdout, stderr, out };
  };

  it('runs a file of one’s own, goes on where it was, and draws the same table from what is kept', async () => {
    const path = scenario({
      name: 'tiny',
      expect: [{ outcome: 'promoted', at_most: 0.9 }],
      ...few,
    });
    const first = await start('--scenario', path, '--runs', '2');
    expect(first.stderr).toContain('4 runs to do, 0 there already');
    const kept = readFileSync(join(first.out, 'runs', 'tiny.jsonl'), 'utf8');
    const more = await start('--scenario', path, '--runs', '3');
    expect(more.stderr).toContain('2 runs to do, 4 there already');
    expect(readFileSync(join(first.out, 'runs', 'tiny.jsonl'), 'utf8').startsWith(kept)).toBe(true);
    const again = await start('--scenario', path, '--runs', '3', '--summary');
    expect(again.stdout).toBe(more.stdout);
    expect(again.stdout).toContain('1 of 1 goals met');
    const page = readFileSync(join(first.out, 'DECISIONS.md'), 'utf8').replaceAll(/ +/g, ' ');
    expect(page).toContain('| tiny | 3 |');
    expect(readFileSync(join(first.out, 'summary.svg'), 'utf8')).toContain('tiny');
  });

  it('carries runs of another code over where they come out the same, and only there', async () => {
    const path = scenario({ name: 'carried', ...few });
    const { out } = await start('--scenario', path, '--runs', '102');
    const file = join(out, 'runs', 'carried.jsonl');
    const other = 'f'.repeat(16);
    const [now, before] = [codeVersion(), other].map((code) => cells(path, 102, code));
    let kept = readFileSync(file, 'utf8');
    now?.forEach(({ key }, at) => {
      kept = kept.replaceAll(key, before?.[at]?.key ?? '');
    });
    const literal = before?.[1]?.key ?? '';
    const first = (line: string) => line.startsWith(`["${literal}",1000000,`);
    const lines = kept
      .split('\n')
      .map((line) => (first(line) ? line.replace(/"[a-z_]{5,}"/, '"stopped"') : line));
    writeFileSync(file, lines.join('\n'));
    const { stderr } = await start('--scenario', path, '--runs', '102', '--same-as', other);
    expect(stderr).toContain('200 runs to do, 0 there already');
    expect(stderr).toContain('carried, literal: 1 of 100 runs differ; it is run anew');
    expect(stderr).toContain('2 runs to do, 202 there already');
    const summary = z
      .object({ carried: z.unknown(), cells: z.array(z.object({ runs: z.int() })) })
      .parse(JSON.parse(readFileSync(join(out, 'summary.json'), 'utf8')));
    expect(summary.cells.map(({ runs }) => runs)).toEqual([102, 102]);
    expect(summary.carried).toEqual([{ code: other, runs: 2 }]);
    expect(readFileSync(join(out, 'DECISIONS.md'), 'utf8')).toContain(
      `2 of them were made by code ${other} and carried over`,
    );
  });

  it('ends with one sentence when a file is wrong', async () => {
    const path = scenario({ name: 'wrong', errors: 1 });
    await expect(start('--scenario', path)).rejects.toMatchObject({
      code: 2,
      stderr: expect.stringContaining('wrong.json is no scenario'),
    });
  });
});
