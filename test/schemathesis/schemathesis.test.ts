// Schemathesis reads /openapi.json and asks accordingly: whatever it sends, no answer is a 5xx, and every
// status, content type, header and body is a described one. What it sends is in schemathesis.toml; this
// file starts it and judges each endpoint by its report.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ENDPOINTS } from '../../core/openapi/endpoints.ts';
import { ensureSchemathesis } from './environment.ts';
import { readReport } from './report.ts';
import { type FuzzStage, startFuzzStage } from './stage.ts';

const WITHIN_MS = 10 * 60_000;

let stage: FuzzStage;
let folder: string;
let report: Map<string, string[]>;
let printed: string;
let code: unknown;

beforeAll(async () => {
  stage = await startFuzzStage();
  const schemathesis = await ensureSchemathesis(stage.assetsHome);
  folder = mkdtempSync(join(tmpdir(), 'bruno-schemathesis-'));
  const config = join(folder, 'schemathesis.toml');
  const words = Object.entries(stage.known).map(
    ([name, values]) => `${name} = { values = ${JSON.stringify(values)} }`,
  );
  const fixed = readFileSync(join(import.meta.dirname, 'schemathesis.toml'), 'utf8');
  writeFileSync(config, `${fixed}\n[dictionaries]\n${words.join('\n')}\n`);
  const junit = join(folder, 'report.xml');
  const args = ['--config-file', config, 'run', `${stage.url}/openapi.json`, '--no-color'];
  const reporting = ['--report', 'junit', '--report-junit-path', junit];
  const child = spawn(schemathesis, [...args, ...reporting], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'inherit'],
    timeout: WITHIN_MS,
    env: { ...process.env, ...stage.credentials },
  });
  const ended = once(child, 'close');
  printed = await text(child.stdout);
  [code] = await ended;
  report = readReport(readFileSync(junit, 'utf8'));
}, 900_000);
afterAll(async () => {
  await stage?.stop();
  if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
}, 60_000);

const names = ENDPOINTS.map(({ method, path }) => `${method.toUpperCase()} ${path}`);

test.each(names)('%s answers as it is described, whatever it is sent', (name) => {
  expect(report.get(name)).toEqual([]);
});

test('requests that follow from one another are answered as described', () => {
  expect(report.get('Stateful tests')).toEqual([]);
});

test('it ended well, having asked every endpoint', () => {
  expect(printed).toContain(`Tested: ${names.length}`);
  expect(code).toBe(0);
});
