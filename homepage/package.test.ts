// The package as another project meets it: installed from its folder, imported by its names, type-checked
// with that project's own strict settings and rendered by its React.
import { execFile } from 'node:child_process';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { buildPackage } from './build-package.ts';
import { root } from './bundles.ts';

const run = promisify(execFile);
const manifestSchema = z.object({ dependencies: z.record(z.string(), z.string()) });
const manifest = (path: string) => manifestSchema.parse(JSON.parse(readFileSync(path, 'utf8')));

const CONSUMER = `
import { createElement } from 'react';
import { renderToString } from 'react-dom/server';
import { Chat, Feedback } from 'bruno-homepage/react';
import { askAssistant, assistantAt, type Verdict } from 'bruno-homepage/client';
import { trackAnswers } from 'bruno-homepage/trackers';
const verdict: Verdict = { feedback_type: 'rating', value: 4 };
// @ts-expect-error the kinds are known by name
const wrong: Verdict = { feedback_type: 'applause' };
const answer = { interactionId: 'i', feedbackToken: 'f' };
const html = renderToString(createElement(Chat, { baseUrl: 'https://bruno.example', ideas: ['Why?'] }));
const under = renderToString(createElement(Feedback, { answer }));
console.log(JSON.stringify({ html, under, verdict, wrong, kinds: [typeof askAssistant, typeof assistantAt, typeof trackAnswers] }));
`;

describe('the package', () => {
  const home = mkdtempSync(join(tmpdir(), 'bruno-package-'));
  const installed = join(home, 'node_modules', 'bruno-homepage');

  beforeAll(async () => {
    mkdirSync(installed, { recursive: true });
    await buildPackage(join(installed, 'dist'));
    cpSync(join(root, 'homepage', 'package.json'), join(installed, 'package.json'));
    for (const name of ['react', 'react-dom', 'zod', '@types']) {
      symlinkSync(join(root, 'node_modules', name), join(home, 'node_modules', name));
    }
    writeFileSync(join(home, 'package.json'), '{"type":"module"}');
    writeFileSync(join(home, 'page.ts'), CONSUMER);
    const compilerOptions = {
      target: 'ES2022',
      module: 'NodeNext',
      lib: ['ES2022', 'DOM', 'DOM.Iterable', 'DOM.AsyncIterable'],
      types: ['node'],
      strict: true,
      noEmit: true,
    };
    const files = ['page.ts'];
    writeFileSync(join(home, 'tsconfig.json'), JSON.stringify({ compilerOptions, files }));
  });
  afterAll(() => rmSync(home, { recursive: true, force: true }));

  it('carries types that a strict project compiles against, and runs under its names', async () => {
    const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
    const types = await run(process.execPath, [compiler, '-p', home]).catch((failed) => failed);
    expect(types.stdout).toBe('');
    const { stdout } = await run(process.execPath, [join(home, 'page.ts')]);
    const said = z
      .object({ html: z.string(), under: z.string(), kinds: z.array(z.string()) })
      .parse(JSON.parse(stdout));
    expect(said.html).toContain('Why?');
    expect(said.html).toContain('data-testid="chat-input"');
    expect(said.under).toContain('data-testid="thumb-up"');
    expect(said.kinds).toEqual(['function', 'function', 'function']);
  });
  it('asks for the same libraries as the product it is built from', () => {
    const own = manifest(join(root, 'homepage', 'package.json')).dependencies;
    const whole = manifest(join(root, 'package.json')).dependencies;
    for (const [name, version] of Object.entries(own)) expect(whole[name]).toBe(version);
  });
});
