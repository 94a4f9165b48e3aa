// RESULTS.md against the scripts: what is measured is also reported, and nothing is reported that no
// script measures.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { benchRoot } from './lib/children.ts';
import { marks, resultsFile, SECTIONS } from './lib/results.ts';

const results = readFileSync(resultsFile, 'utf8');
const guide = readFileSync(join(benchRoot, 'README.md'), 'utf8');

describe('the benchmarks', () => {
  it.each(SECTIONS)('report %s, by a script that the guide names', (section) => {
    const [from, to] = marks(section);
    expect(results.split(from)[1]?.split(to)[0]?.trim()).toMatch(/^## /);
    expect(results).not.toContain('A quick run');
    expect(existsSync(join(benchRoot, `${section}.ts`))).toBe(true);
    expect(guide).toContain(`\`bench/${section}.ts\``);
  });
  it('are all that the guide lists', () => {
    const listed = [...guide.matchAll(/^\| `bench\/([\w-]+)\.ts`/gm)].map(([, name]) => name);
    expect(listed).toEqual([...SECTIONS]);
  });
});
