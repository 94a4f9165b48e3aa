import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Log } from './log.ts';
import type { TrainerEvent } from './trainer-events.ts';
import { parseTrainerLine } from './trainer-events.ts';
import { startTrainer, trainerCommand } from './trainer-process.ts';

let folder: string;
let events: TrainerEvent[];
let warnings: string[];

const log: Log = (_level, message) => warnings.push(message);

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'bruno-trainer-'));
  events = [];
  warnings = [];
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

const start = (script: string, command = process.env.BRUNO_TEST_PYTHON ?? 'python3') => {
  const file = join(folder, 'trainer.py');
  writeFileSync(file, script);
  return startTrainer(
    {
      command,
      args: ['-u', file],
      cwd: folder,
      env: process.env,
      pidFile: join(folder, 'trainer.pid'),
    },
    (event) => events.push(event),
    log,
  );
};

test('events come in order and lines that are no events never end the run', async () => {
  const trainer = start(`
import json
print('a stray print')
print(json.dumps({"event":"step","phase":"sft","step":1,"total_steps":9,"loss":2.5}))
print(json.dumps({"event":"step","phase":"sft","step":-1,"total_steps":9,"loss":2.5}))
print(json.dumps({"event":"unheard of"}))
print(json.dumps({"event":"error","code":"diverged","message":"loss is not finite"}))
raise SystemExit(1)
`);
  expect(await trainer.exited).toMatchObject({ code: 1, signal: null });
  expect(events).toEqual([
    { event: 'step', phase: 'sft', step: 1, total_steps: 9, loss: 2.5 },
    { event: 'error', code: 'diverged', message: 'loss is not finite' },
  ]);
  expect(warnings).toHaveLength(3);
});

test('a polite stop lets the trainer save and say so', async () => {
  const ready = join(folder, 'ready');
  const trainer = start(`
import json, signal, time
def leave(*_):
    print(json.dumps({"event":"interrupted","phase":"sft","step":7,"path":"/x"}))
    raise SystemExit(75)
signal.signal(signal.SIGTERM, leave)
open(${JSON.stringify(ready)}, 'w').close()
time.sleep(60)
`);
  while (!readdirSync(folder).includes('ready')) await new Promise((go) => setTimeout(go, 10));
  expect(await trainer.stop(10_000)).toMatchObject({ code: 75 });
  expect(events).toEqual([{ event: 'interrupted', phase: 'sft', step: 7, path: '/x' }]);
  expect(readdirSync(folder)).not.toContain('trainer.pid');
});

test('a trainer that ignores the polite stop is ended', async () => {
  const ready = join(folder, 'ready');
  const trainer = start(`
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
open(${JSON.stringify(ready)}, 'w').close()
time.sleep(60)
`);
  while (!readdirSync(folder).includes('ready')) await new Promise((go) => setTimeout(go, 10));
  expect(await trainer.stop(50)).toMatchObject({ code: null, signal: 'SIGKILL' });
});

test('a python that is not there is named in the error', async () => {
  await expect(start('', '/nowhere/python').exited).rejects.toMatchObject({
    code: 'trainer_not_started',
    message: expect.stringContaining('/nowhere/python'),
  });
});

test('the trainer is given the preloaded library and none of the tokens', () => {
  const settings = { python: '/p', agentDir: '/agent', blas: '/lib/blas.so' };
  const environment = { AGENT_TOKEN: 'secret', GATEWAY_TOKEN: 'secret', HOME: '/h' };
  const command = trainerCommand(settings, '/job.json', '/pid', environment);
  expect(command.args).toEqual(['-m', 'trainer', 'train', '/job.json']);
  expect(command.env).toMatchObject({
    LD_PRELOAD: '/lib/blas.so',
    PYTHONPATH: '/agent',
    HOME: '/h',
  });
  expect(JSON.stringify(command.env)).not.toContain('secret');
});

test('an artifact whose name could leave its folder is no event', () => {
  const artifact = { name: '../x', path: '/out/x', sha256: 'a'.repeat(64), bytes: 1 };
  const done = {
    event: 'done',
    verdict: { accepted: true, reason: 'better' },
    metrics: {},
    artifacts: [artifact],
    probes: [],
    trainable_parameters: 1,
  };
  expect(parseTrainerLine(JSON.stringify(done))).toMatchObject({ ok: false });
  const named = { ...done, artifacts: [{ ...artifact, name: 'x' }] };
  expect(parseTrainerLine(JSON.stringify(named))).toMatchObject({ ok: true });
});
