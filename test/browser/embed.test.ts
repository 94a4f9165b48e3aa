// The script tag on a page of another origin, in a browser that blocks third-party cookies, against
// the real Worker, model server and record: what a visitor does there ends up as rows.
import axe from 'axe-core';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { browserOrSkip, openPage, sidewaysScroll, textOf, type Watched } from './browser.ts';
import { ask, idOf, lastAnswer, QUESTION, reaches, says } from './conversation.ts';
import { type Elsewhere, page as homepage, launchStrict, openElsewhere } from './elsewhere.ts';
import { type Stage, setStage } from './stage.ts';

const browserPath = browserOrSkip();

describe.skipIf(browserPath === null)('the script tag elsewhere', { timeout: 240_000 }, () => {
  let elsewhere: Elsewhere;
  let stage: Stage;
  let browser: Browser;
  let open: Watched[] = [];
  /** What a test provokes on purpose is not a problem. */
  let provoked: RegExp | null = null;

  beforeAll(async () => {
    elsewhere = await openElsewhere();
    [stage, browser] = await Promise.all([
      setStage([elsewhere.origin]),
      launchStrict(browserPath ?? ''),
    ]);
    const tag = (attributes: string) =>
      `<script src="${stage.url}/widget.js" ${attributes}></script>`;
    elsewhere.put('host', stage.url);
    elsewhere.put('/corner', homepage(tag('data-title="Ask Bruno"')));
    const room = '<div id="chat"></div>';
    const inline = 'data-target="#chat" data-ideas="Say hello.|What is a pod?"';
    elsewhere.put('/inline', homepage(tag(inline), room));
    elsewhere.put('/dark', homepage(tag(`${inline} data-theme="dark"`), room));
    elsewhere.put('/gone', homepage(''));
  }, 600_000);
  afterAll(async () => {
    await browser?.close();
    await stage?.stop();
    await elsewhere?.stop();
  }, 60_000);
  afterEach(async () => {
    const problems = open.flatMap((watched) => watched.problems);
    const expected = provoked;
    await Promise.all(open.map((watched) => watched.close()));
    open = [];
    provoked = null;
    // The page asks the Worker, and nobody else.
    const asked = `request to ${stage.url}/`;
    const told = problems.filter((problem) => !problem.startsWith(asked));
    expect(told.filter((problem) => expected?.test(problem) !== true)).toEqual([]);
  });

  const visit = async (path: string, options = {}): Promise<Page> => {
    const watched = await openPage(browser, `${elsewhere.origin}${path}`, options);
    open.push(watched);
    return watched.page;
  };
  // Run from outside the page: its policy lets no other script in.
  const violations = async (page: Page): Promise<string[]> => {
    await page.evaluate(axe.source);
    const found = await page.evaluate('axe.run()');
    if (typeof found !== 'object' || found === null || !('violations' in found)) {
      throw new Error('axe.run() gave no violations');
    }
    if (!Array.isArray(found.violations)) throw new Error('axe.run() gave no list');
    return found.violations.map((one: unknown) => JSON.stringify(one));
  };

  it('is tried in a browser that takes no cookie from another site', async () => {
    provoked = new RegExp(`request to ${elsewhere.stranger}`);
    const page = await visit('/gone');
    const context = page.context();
    await page.evaluate(
      (address) =>
        new Promise<void>((resolve) => {
          const image = new Image();
          image.onerror = () => resolve();
          image.src = address;
        }),
      elsewhere.stranger,
    );
    expect(await context.cookies(elsewhere.stranger)).toEqual([]);
    // Visited itself it may set one: the cookie as such is a good one.
    const itself = await context.newPage();
    await itself.goto(elsewhere.stranger);
    expect(await context.cookies(elsewhere.stranger)).toHaveLength(1);
  });

  it('opens from its corner, answers, and records a vote, without any cookie', async () => {
    const page = await visit('/corner');
    await page.getByTestId('widget-open').click();
    await page.getByTestId('chat-input').waitFor();
    const id = await ask(page);
    await page.getByTestId('thumb-up').click();
    await says(page, 'recorded');
    expect(await stage.recorded(id, 'thumbs_up')).toHaveLength(1);
    expect(await page.context().cookies()).toEqual([]);

    // Closed and opened again it still holds the conversation; Escape closes, the focus goes back.
    await page.keyboard.press('Escape');
    expect(await page.getByTestId('chat-input').isVisible()).toBe(false);
    await page.keyboard.press('Enter');
    await page.getByTestId('chat-input').waitFor();
    expect(await idOf(page)).toBe(id);
  });

  it('is the same visitor after the page was loaded again', async () => {
    const page = await visit('/inline');
    await ask(page);
    const kept = () =>
      page.evaluate((url) => localStorage.getItem(`bruno.session:${url}`), stage.url);
    const before = await kept();
    await page.reload();
    await ask(page);
    expect(before).not.toBeNull();
    expect(await kept()).toBe(before);
  });

  it('sends the signals of an answer once, when the page is left', async () => {
    const page = await visit('/inline');
    const id = await ask(page);
    await page.getByTestId('copy').click();
    await page.getByTestId('copy').filter({ hasText: 'Copied' }).waitFor();
    await page.goto(`${elsewhere.origin}/gone`);
    const signals = await stage.recorded(id, 'signals');
    expect(signals).toHaveLength(1);
    expect(signals[0]?.metadata).toMatchObject({ copy_event: true });
  });

  it('keeps a vote given offline, and sends it once when the connection is back', async () => {
    provoked = /ERR_INTERNET_DISCONNECTED/;
    const page = await visit('/inline');
    const id = await ask(page);
    await page.context().setOffline(true);
    await page.getByTestId('thumb-down').click();
    await says(page, 'Kept on this device');
    await page.context().setOffline(false);
    await says(page, 'recorded');
    expect(await stage.recorded(id, 'thumbs_down')).toHaveLength(1);
    expect(
      await page.evaluate((url) => localStorage.getItem(`bruno.outbox:${url}`), stage.url),
    ).toBeNull();
  });

  it('says when a question did not get through, and asks it again', async () => {
    provoked = /ERR_INTERNET_DISCONNECTED/;
    const page = await visit('/inline');
    await page.context().setOffline(true);
    await page.getByRole('button', { name: QUESTION }).click();
    const said = page.getByTestId('chat-error');
    await said.waitFor();
    expect(await textOf(said)).toContain('Check your connection');
    await page.context().setOffline(false);
    await page.getByTestId('retry').click();
    await reaches(lastAnswer(page), 'done');
    expect(await page.getByTestId('answer').count()).toBe(1);
  });

  it('keeps a visitor out of training who says so, on the next visit too', async () => {
    const page = await visit('/inline');
    await page.getByTestId('training-opt-out').click();
    await page.reload();
    const choice = page.getByTestId('training-opt-out');
    await choice.waitFor();
    await expect.poll(() => choice.isChecked()).toBe(true);
    const sent = page.waitForRequest(`${stage.url}/api/chat`);
    await ask(page);
    expect((await sent).postDataJSON()).toMatchObject({ training_opt_out: true });
  });

  it.each([
    ['/inline', 'light', 1280],
    ['/inline', 'dark', 1280],
    ['/dark', 'light', 375],
    ['/corner', 'light', 375],
  ] as const)(
    'has no violation that axe finds: %s, %s, %i wide',
    async (path, colorScheme, width) => {
      const page = await visit(path, { viewport: { width, height: 812 }, colorScheme });
      if (path === '/corner') await page.getByTestId('widget-open').click();
      expect(await violations(page)).toEqual([]);
      await ask(page);
      await page.getByTestId('correct-open').click();
      await page.getByTestId('correct-text').waitFor();
      expect(await violations(page)).toEqual([]);
      expect(await sidewaysScroll(page)).toBe(0);
      expect((await textOf(lastAnswer(page))).trim()).not.toBe('');
    },
  );
});
