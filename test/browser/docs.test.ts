// The description of the API as people read it, in a browser, served by the real Worker under its policy.
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ENDPOINTS } from '../../core/openapi/endpoints.ts';
import { type Edge, startEdge } from '../edge.ts';
import { browserOrSkip, launch, openPage, sidewaysScroll, violations } from './browser.ts';

const browserPath = browserOrSkip();

describe.skipIf(browserPath === null)('/docs/', { timeout: 120_000 }, () => {
  let edge: Edge;
  let browser: Browser;
  beforeAll(async () => {
    [edge, browser] = await Promise.all([startEdge({ bucket: false }), launch(browserPath ?? '')]);
  }, 600_000);
  afterAll(async () => {
    await browser?.close();
    await edge?.stop();
  }, 60_000);

  it.each([
    [1280, 'light'],
    [390, 'dark'],
  ] as const)(
    'fits %d pixels in the %s, without fault for axe or the policy',
    async (width, colorScheme) => {
      const options = { viewport: { width, height: 800 }, colorScheme };
      const { page, problems, close } = await openPage(browser, `${edge.url}/docs/`, options);
      expect(await sidewaysScroll(page)).toBe(0);
      // Everything that is folded away is looked at too.
      await page.locator('details').evaluateAll((all) => {
        for (const one of all) one.setAttribute('open', '');
      });
      expect(await violations(page)).toEqual([]);
      expect(problems).toEqual([]);
      await close();
    },
  );

  it('leads from the menu to each endpoint', async () => {
    const { page, close } = await openPage(browser, `${edge.url}/docs/`);
    const last = ENDPOINTS.find(({ path }) => path === '/agent/serving');
    await page.getByRole('navigation').getByText('/agent/serving').click();
    expect(new URL(page.url()).hash).toBe(`#${last?.id}`);
    expect(await page.locator(`#${last?.id}`).textContent()).toBe(last?.title);
    await close();
  });
});
