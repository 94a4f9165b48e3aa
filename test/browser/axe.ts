// What axe finds on a page, as text. Run from outside the page: its policy lets no other script in.
import axe from 'axe-core';
import type { Page } from 'playwright-core';

const RUN =
  "axe.run().then(({ violations }) => violations.map(({ id, nodes }) => id + ': ' + nodes[0].html))";

export async function violations(page: Page): Promise<unknown> {
  await page.evaluate(axe.source);
  return page.evaluate(RUN);
}
