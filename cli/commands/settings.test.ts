/**
 * `bruno settings`, against a real HTTP server that keeps to the admin API's contract, with files on disk.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { freshStack } from '../testing/fresh-stack.ts';
import { settings } from '../testing/settings-routes.ts';

const { posts, run, stack } = freshStack();
let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'bruno-settings-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}
const create = (...args: string[]) => run('settings create --reason test', ...args);

describe('settings create', () => {
  it('sends what the file says and nothing that it does not say', async () => {
    const path = file('short.yaml', 'name: short\nsystem_prompt: |\n  Be brief.\nmax_sources: 4\n');
    const { code, out } = await create(path);
    expect(code).toBe(0);
    expect(out).toContain('Settings settings-ba9876543210');
    expect(posts()[0]).toEqual({
      method: 'POST',
      path: '/admin/settings',
      body: { name: 'short', system_prompt: 'Be brief.', max_sources: 4, reason: 'test' },
    });
  });

  it('takes a prompt alone, with its name as an option', async () => {
    const prompt = file('prompt.txt', 'Be brief.\n');
    await create('--prompt-file', prompt, '--name', 'brief');
    expect(posts()[0]?.body).toEqual({ name: 'brief', system_prompt: 'Be brief.', reason: 'test' });
  });

  it('says that the same was made before', async () => {
    const prompt = file('prompt.txt', settings.system_prompt);
    const { out } = await create('--prompt-file', prompt, '--name', 'again', '--json');
    expect(JSON.parse(out)).toMatchObject({ id: settings.id, name: settings.name, existed: true });
  });

  it.each([
    ['name: x\ntemperature: hot\n', 'temperature: '],
    ['name: x\ntop_k: 40\n', 'top_k'],
    ['temperature: 0.3\n', 'name: expected in the file or --name'],
    ['name: x\nsystem_prompt: ""\n', 'system_prompt: '],
    ['- a list\n', 'must hold a mapping'],
    ['name: [\n', 'is not valid YAML'],
  ])('refuses %j before anything is sent, by its field', async (text, words) => {
    const { code, err } = await create(file('bad.yaml', text));
    expect(code).toBe(1);
    expect(err).toContain(words);
    expect(posts()).toEqual([]);
  });

  it('needs a file, and is told a prompt once', async () => {
    const path = file('short.yaml', 'name: short\nsystem_prompt: Be brief.\n');
    const prompt = file('prompt.txt', 'Be brief.\n');
    expect((await create()).err).toContain('needs FILE.yaml, --prompt-file, or both');
    expect((await create(path, '--prompt-file', prompt)).err).toContain('has a system_prompt');
    expect((await create(join(folder, 'none.yaml'))).err).toContain('Cannot read');
  });
});

describe('settings list and show', () => {
  it('have the built-in ones beside those that were made', async () => {
    const { out } = await run('settings list');
    expect(out).toMatch(/settings-0123456789ab +one sentence +candidate +0.3/);
    expect(out).toMatch(/built in +v1/);
    expect((await run('settings show', settings.id)).out).toContain('Answer in one sentence.');
    expect(await run('settings show settings-000000000000')).toMatchObject({ code: 1 });
  });
});

describe('an experiment with settings', () => {
  it('is planned and started by their id, and listed by its kind', async () => {
    await run(`experiment plan --settings ${settings.id}`);
    expect(stack().requests.at(-1)?.path).toBe('/admin/experiments/plan');
    const { out } = await run(`experiment start --settings ${settings.id} --reason shorter`);
    expect(out).toContain('settings, the same model in both arms');
    expect(posts()[0]?.body).toMatchObject({ settings_id: settings.id, start: true });
    expect((await run('experiment list')).out).toMatch(
      /rollout-settings-0123456789ab-1 +settings +settings-0123456789ab +running/,
    );
  });

  it('is of a model or of settings, one of them', async () => {
    const both = await run(`experiment start 2026-w43.1 --settings ${settings.id} --reason x`);
    expect(both).toMatchObject({ code: 2 });
    expect((await run('experiment start --reason x')).err).toContain('one of them');
  });
});
