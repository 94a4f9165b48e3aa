// Finds a Chrome or Chromium on this machine and opens pages that are listened to: what a page logs
// as an error, what its policy refuses and what it asks of other hosts is collected for the test.
// Used by the browser tests. It downloads nothing.
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import axe from 'axe-core';
import {
  type Browser,
  type BrowserContextOptions,
  chromium,
  type Locator,
  type Page,
} from 'playwright-core';

const NAMES = ['chromium', 'google-chrome', 'google-chrome-stable', 'chromium-browser'];
const MAC = '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome';

const FLAGS = [
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function findBrowser(environment: NodeJS.ProcessEnv): string | null {
  const given = environment.CHROME_PATH;
  if (given) {
    if (isProgram(given)) return given;
    throw new Error(`CHROME_PATH must be a program, but ${given} is none: correct or unset it.`);
  }
  const folders = ['/usr/bin', ...(environment.PATH ?? '').split(delimiter).filter(Boolean)];
  const found = folders.flatMap((folder) => NAMES.map((name) => join(folder, name)));
  return [...found, MAC].find(isProgram) ?? null;
}

/** The browser's path; without one the tests are skipped, or fail where CI promises one. */
export function browserOrSkip(): string | null {
  const path = findBrowser(process.env);
  if (path !== null) return path;
  const sentence =
    'No Chrome or Chromium was found: install one or set CHROME_PATH to run the browser tests.';
  if (process.env.CI) throw new Error(sentence);
  console.error(`SKIPPED: ${sentence}`);
  return null;
}

export function launch(executablePath: string): Promise<Browser> {
  // Chrome's own sandbox does not work for root, who runs the tests in a container.
  const root = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
  return chromium.launch({ executablePath, args: [...FLAGS, ...root] });
}

export interface Watched {
  page: Page;
  /** Everything that should not have happened, in words. */
  problems: string[];
  close(): Promise<void>;
}

/** A page of its own, in a profile of its own, that may use the clipboard. */
export async function openPage(
  browser: Browser,
  url: string,
  options: BrowserContextOptions = {},
): Promise<Watched> {
  const { origin } = new URL(url);
  const context = await browser.newContext({ reducedMotion: 'reduce', ...options });
  await context.grantPermissions(['clipboard-read', 'clipboard-write'], { origin });
  const page = await context.newPage();
  const problems: string[] = [];
  // A refusal by the policy is logged as an error too, but not in every case.
  await page.addInitScript(() => {
    document.addEventListener('securitypolicyviolation', (event) => {
      console.error(`policy: ${event.violatedDirective} refused ${event.blockedURI}`);
    });
  });
  page.on('console', (message) => {
    if (message.type() === 'error') problems.push(`console: ${message.text()}`);
  });
  page.on('pageerror', (error) => problems.push(`uncaught: ${error.message}`));
  page.on('dialog', (dialog) => {
    problems.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on('request', (request) => {
    const asked = new URL(request.url());
    if (asked.protocol !== 'data:' && asked.origin !== origin) {
      problems.push(`request to ${request.url()}`);
    }
  });
  page.setDefaultTimeout(30_000);
  await page.goto(url);
  return { page, problems, close: () => context.close() };
}

export async function textOf(locator: Locator): Promise<string> {
  return (await locator.textContent()) ?? '';
}

/** How far the page can be scrolled sideways; a page that fits says 0. */
export function sidewaysScroll(page: Page): Promise<number> {
  return page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
}

export function focusedTestId(page: Page): Promise<string> {
  return page.evaluate(() => document.activeElement?.getAttribute('data-testid') ?? '');
}

/** Presses Tab until the control with this test id has the focus, as a person without a mouse. */
export async function tabTo(page: Page, testId: string, key = 'Tab'): Promise<void> {
  const seen: string[] = [];
  for (let presses = 0; presses < 60; presses += 1) {
    const focused = await focusedTestId(page);
    if (focused === testId) return;
    seen.push(focused);
    await page.keyboard.press(key);
  }
  throw new Error(`${testId} was not reached by ${key}; the focus went ${seen.join(' > ')}`);
}

/** What axe finds wrong with the page. Run from outside it: its policy lets no other script in. */
export async function violations(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  // On a long page everything that axe found well would take longer to bring over than to find.
  const found: unknown = await page.evaluate('axe.run().then(({ violations }) => violations)');
  if (!Array.isArray(found)) throw new Error('axe.run() gave no list of violations');
  return found.map((one: unknown) => JSON.stringify(one));
}
