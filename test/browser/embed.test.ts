// The script tag, the React components and the plain functions on a page of another origin, in a
// browser that blocks third-party cookies, against the real Worker, model server and record: what a
// visitor does there ends up as rows.
import type { Page } from 'playwright-core';
import { afterAll, describe, expect, it } from 'vitest';
import { browserOrSkip, sidewaysScroll, textOf, violations } from './browser.ts';
import { ask, idOf, lastAnswer, QUESTION, reaches, says } from './conversation.ts';
import {
  type Elsewhere,
  furnish,
  launchStrict,
  openElsewhere,
  openForbidding,
} from './elsewhere.ts';
import { testAnswers } from './embedded-answers.ts';
import { onStage } from './on-stage.ts';
import { setStage } from './stage.ts';

const browserPath = browserOrSkip();

describe.skipIf(browserPath === null)('the chat elsewhere', { timeout: 240_000 }, () => {
  let elsewhere: Elsewhere;
  const suite = onStage(browserPath, {
    launch: launchStrict,
    // The page asks the Worker, and nobody else.
    allows: (problem, stage) => problem.startsWith(`request to ${stage.url}/`),
    set: async () => {
      elsewhere = await openElsewhere();
      const stage = await setStage([elsewhere.origin]);
      await furnish(elsewhere, stage.url);
      return stage;
    },
  });
  afterAll(() => elsewhere?.stop());
  const visit = (path: string, options = {}): Promise<Page> =>
    suite.open(`${elsewhere.origin}${path}`, options);

  testAnswers({ suite, visit });

  it('is tried in a browser that takes no cookie from another site', async () => {
    suite.provoke(new RegExp(`request to ${elsewhere.stranger}`));
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
    await page.getByRole('status').filter({ hasText: 'recorded' }).waitFor();
    expect(await suite.stage.recorded(id, 'thumbs_up')).toHaveLength(1);
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
      page.evaluate((url) => localStorage.getItem(`bruno.session:${url}`), suite.stage.url);
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
    const signals = await suite.stage.recorded(id, 'signals');
    expect(signals).toHaveLength(1);
    expect(signals[0]?.metadata).toMatchObject({ copy_event: true });
  });

  it('keeps a vote given offline, and sends it once when the connection is back', async () => {
    suite.provoke(/ERR_INTERNET_DISCONNECTED/);
    const page = await visit('/inline');
    const id = await ask(page);
    await page.context().setOffline(true);
    await page.getByTestId('thumb-down').click();
    await says(page, 'Kept on this device');
    await page.context().setOffline(false);
    await says(page, 'recorded');
    expect(await suite.stage.recorded(id, 'thumbs_down')).toHaveLength(1);
    expect(
      await page.evaluate((url) => localStorage.getItem(`bruno.outbox:${url}`), suite.stage.url),
    ).toBeNull();

    // Closed before the connection is back, it is sent on the next visit.
    await page.context().setOffline(true);
    await page.getByTestId('star-2').click();
    await says(page, 'Kept on this device');
    const next = await page.context().newPage();
    await page.close();
    await next.context().setOffline(false);
    await next.goto(`${elsewhere.origin}/inline`);
    expect(await suite.stage.recorded(id, 'rating')).toMatchObject([{ feedback_value: -0.5 }]);
  });

  it('says when a question did not get through, and asks it again', async () => {
    suite.provoke(/ERR_INTERNET_DISCONNECTED/);
    const page = await visit('/inline');
    await page.context().setOffline(true);
    await page.getByRole('button', { name: QUESTION }).click();
    const said = page.getByRole('alert').getByTestId('chat-error');
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
    const sent = page.waitForRequest(`${suite.stage.url}/api/chat`);
    await ask(page);
    expect((await sent).postDataJSON()).toMatchObject({ training_opt_out: true });
  });

  it.each([
    ['no-preference', ['bruno-breathe', 'bruno-breathe', 'bruno-breathe'], ['transform']],
    ['reduce', [], []],
  ] as const)(
    'moves only for a visitor who lets it: prefers-reduced-motion %s',
    async (reducedMotion, waiting, switching) => {
      const page = await visit('/inline', { reducedMotion });
      const moving = () =>
        page.locator('.chat').evaluate((chat) =>
          chat
            .getAnimations({ subtree: true })
            .map((one) => (one instanceof CSSTransition ? one.transitionProperty : one))
            .map((one) => (one instanceof CSSAnimation ? one.animationName : one)),
        );
      expect(await moving()).toEqual([]);
      // Never answered: the chat goes on waiting, and says so to who can't see it.
      await page.route('**/api/chat', () => undefined);
      await page.getByRole('button', { name: QUESTION }).click();
      await page.getByText('The answer is on its way.').waitFor();
      expect(await lastAnswer(page).getAttribute('aria-busy')).toBe('true');
      expect(await moving()).toEqual(waiting);
      await page.getByTestId('stop').click();
      await reaches(lastAnswer(page), 'stopped');
      expect(await lastAnswer(page).getAttribute('aria-busy')).toBe('false');
      const started = page.getByTestId('training-opt-out').evaluate(async (input) => {
        const names: string[] = [];
        input.addEventListener('transitionrun', (event) => {
          if (event instanceof TransitionEvent) names.push(event.propertyName);
        });
        if (input instanceof HTMLElement) input.click();
        await new Promise((done) => setTimeout(done, 100));
        return names;
      });
      expect(await started).toEqual(switching);
      const scrolls = page
        .locator('.talk')
        .evaluate((talk) => getComputedStyle(talk).scrollBehavior);
      expect(await scrolls).toBe('auto');
    },
  );

  it.each([
    ['/inline', 'light', 'light'],
    ['/inline', 'dark', 'dark'],
    ['/dark', 'light', 'dark'],
    ['/light', 'dark', 'light'],
  ] as const)('%s in a %s system is %s', async (path, colorScheme, expected) => {
    const page = await visit(path, { colorScheme });
    const [paper, ink] = await page.locator('.chat').evaluate((chat) => {
      const { backgroundColor, color } = getComputedStyle(chat);
      return [backgroundColor, color].map((one) =>
        (one.match(/\d+/g) ?? []).reduce((sum, part) => sum + Number(part), 0),
      );
    });
    expect((paper ?? 0) < (ink ?? 0) ? 'dark' : 'light').toBe(expected);
  });

  it('says what happens with a chat, and begins with no where the browser says no', async () => {
    const page = await visit('/inline');
    const choice = page.getByRole('switch', { name: "Don't use my chats for training" });
    await page.getByText('Ask away.').waitFor();
    await page.getByText('Chats and votes are stored and may train this assistant.').waitFor();
    const policy = page.getByRole('link', { name: 'Privacy' });
    expect(await policy.getAttribute('href')).toBe(`${suite.stage.url}/`);
    expect(await choice.isChecked()).toBe(false);
    // As browsers do that send Global Privacy Control; Chromium has no such setting.
    await page.addInitScript(() =>
      Object.defineProperty(navigator, 'globalPrivacyControl', { value: true }),
    );
    await page.reload();
    await expect.poll(() => choice.isChecked()).toBe(true);
    await page.getByText('New questions and your votes on them are kept out').waitFor();
    // The visitor's own word weighs more.
    await choice.press('Space');
    await page.reload();
    await page.getByText('Chats and votes are stored').waitFor();
    expect(await choice.isChecked()).toBe(false);
  });

  it('answers, and records a vote, where the browser lets no site keep anything', async () => {
    const { page, close } = await openForbidding(browserPath ?? '', `${elsewhere.origin}/inline`);
    try {
      expect(
        await page.evaluate(() => `${Reflect.get(window, 'localStorage')}`).catch(String),
      ).toContain('SecurityError');
      const id = await ask(page);
      await page.getByTestId('thumb-up').click();
      await says(page, 'recorded');
      expect(await suite.stage.recorded(id, 'thumbs_up')).toHaveLength(1);
    } finally {
      await close();
    }
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
