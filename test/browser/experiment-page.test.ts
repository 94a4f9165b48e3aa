// The page that `bruno experiment analyze --page` draws, in a real browser: its own policy refuses nothing it
// needs, it fits a phone, and every drawing has a name and its numbers in words.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { spawnBruno } from '../../cli/testing/run-cli.ts';
import { browserOrSkip, launch, openPage, sidewaysScroll, textOf } from './browser.ts';

const executable = browserOrSkip();

const rows = (arm: string, users: number, events: number, metric: string, stage: string) =>
  Array.from(
    { length: users },
    (_, index) => `${arm}-${stage}-${index},${arm},${stage},${metric},2,${index < events ? 1 : 0}`,
  );

describe.skipIf(executable === null)('the page of an analysed experiment', () => {
  let folder = '';
  let browser: Browser;
  let server: Server;
  let url = '';

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'bruno-page-'));
    const csv = join(folder, 'rows.csv');
    const lines = [
      'visitor,arm,stage,metric,n,y',
      ...rows('control', 900, 20, 'error', 'ten'),
      ...rows('treatment', 120, 9, 'error', 'ten'),
      ...rows('control', 500, 11, 'error', 'a stage whose name is far too long for a phone'),
      ...rows('treatment', 500, 14, 'error', 'a stage whose name is far too long for a phone'),
      ...rows('control', 90, 0, 'never', 'ten'),
      ...rows('treatment', 90, 30, 'never', 'ten'),
    ];
    writeFileSync(csv, lines.join('\n'));
    const page = join(folder, 'page.html');
    const { code, err } = await spawnBruno(['experiment', 'analyze', csv, '--page', page]);
    if (code !== 0) throw new Error(err);
    const html = readFileSync(page);
    server = createServer((request, response) => {
      const isPage = request.url === '/';
      response.writeHead(isPage ? 200 : 204, { 'content-type': 'text/html; charset=utf-8' });
      response.end(isPage ? html : undefined);
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    const address = server.address();
    if (typeof address !== 'object' || address === null) throw new Error('no address');
    url = `http://127.0.0.1:${address.port}/`;
    browser = await launch(executable ?? '');
  });

  afterAll(async () => {
    await browser?.close();
    await new Promise((done) => server?.close(done));
    rmSync(folder, { recursive: true, force: true });
  });

  it.each([320, 1_000])(
    'fits %i pixels without a script, a request or a refusal',
    async (width) => {
      const options = { viewport: { width, height: 800 } };
      const { page, problems, close } = await openPage(browser, url, options);
      expect(await sidewaysScroll(page)).toBeLessThanOrEqual(0);
      const drawings = page.getByRole('img');
      expect(await drawings.count()).toBe(4);
      for (const drawing of await drawings.all()) {
        expect(await drawing.getAttribute('aria-label')).toMatch(
          /control against treatment|effect of/,
        );
        const box = await drawing.boundingBox();
        expect(box?.width).toBeGreaterThan(250);
      }
      const family = await page.locator('body').evaluate((body) => getComputedStyle(body).maxWidth);
      expect(family).not.toBe('none');
      expect(problems).toEqual([]);
      await close();
    },
  );

  it('keeps every label of a drawing inside it, on a phone', async () => {
    const { page, close } = await openPage(browser, url, { viewport: { width: 320, height: 800 } });
    const outside = await page.locator('svg text').evaluateAll((labels) =>
      labels.flatMap((label) => {
        const frame = label.closest('svg')?.getBoundingClientRect();
        const box = label.getBoundingClientRect();
        const fits = frame && box.left >= frame.left - 1 && box.right <= frame.right + 1;
        return fits ? [] : [label.textContent];
      }),
    );
    expect(outside).toEqual([]);
    await close();
  });

  it('says in words what it draws', async () => {
    const { page, close } = await openPage(browser, url);
    const said = await textOf(page.locator('main'));
    expect(said).toMatch(/Effect: \+\d+.* %, between .* at every look \(95 %\)/);
    expect(said).toContain('shown, not judged: no rule for this metric');
    expect(said).toMatch(/Effect: \+16\.7 points, between/);
    await close();
  });
});
