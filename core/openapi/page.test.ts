// The rendered description: everything is on it, and nothing of it is taken for mark-up.

import { expect, test } from 'vitest';
import { ENDPOINTS } from './endpoints.ts';
import { referencePage } from './page.ts';

const page = referencePage();

test('every endpoint stands on the page once, and in its menu', () => {
  for (const { id, path } of ENDPOINTS) {
    expect(page.split(`<h3 id="${id}">`)).toHaveLength(2);
    expect(page.split(`<a href="#${id}">`)).toHaveLength(2);
    expect(page).toContain(`<code>${path}</code>`);
  }
});

test('it needs no script and no inline style, so the strictest policy holds for it', () => {
  expect(page).not.toMatch(/<script|<style|\son\w+=|\sstyle=|https?:\/\//);
});

test('text of the description is escaped', () => {
  expect(page).toContain('{ &quot;error&quot;: {');
  expect(page).not.toMatch(/`/);
});
