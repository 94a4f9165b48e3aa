// The operators' page drives an experiment in a real browser against the real Worker and record: planned and
// started, drawn while visitors come, approved when it waits, refused in the engine's words, rejected.
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { violations } from './axe.ts';
import {
  browserOrSkip,
  launch,
  openPage,
  sidewaysScroll,
  textOf,
  type Watched,
} from './browser.ts';
import {
  CANDIDATE,
  type ExperimentStage,
  HOUR_MS,
  PRODUCTION,
  setExperimentStage,
} from './experiment-stage.ts';

const browserPath = browserOrSkip();
const ID = `rollout-${CANDIDATE}-1`;

describe.skipIf(browserPath === null)('experiments in the console', { timeout: 180_000 }, () => {
  let stage: ExperimentStage;
  let browser: Browser;
  let open: Watched[] = [];
  /** What a test provokes on purpose is not a problem. */
  let provoked: RegExp | null = null;

  beforeAll(async () => {
    [stage, browser] = await Promise.all([setExperimentStage(), launch(browserPath ?? '')]);
  }, 600_000);
  afterAll(async () => {
    await browser?.close();
    await stage?.stop();
  }, 60_000);
  afterEach(async () => {
    const problems = open.flatMap((watched) => watched.problems);
    const expected = provoked;
    await Promise.all(open.map((watched) => watched.close()));
    open = [];
    provoked = null;
    expect(problems.filter((problem) => expected?.test(problem) !== true)).toEqual([]);
  });

  const visit = async (fragment: string, options = {}): Promise<Page> => {
    const address = `${stage.url}/console/#token=${stage.token}${fragment}`;
    const watched = await openPage(browser, address, options);
    open.push(watched);
    return watched.page;
  };
  const openExperiment = async (options = {}): Promise<Page> => {
    const page = await visit(`&experiment=${ID}`, options);
    await page.getByTestId('experiment-history').waitFor();
    return page;
  };
  const status = (page: Page, says: string) =>
    page.getByTestId('experiment-status').filter({ hasText: says }).waitFor();
  /** Presses an action's button and says why. */
  const order = async (page: Page, action: string, reason: string) => {
    await page.getByTestId(`experiment-${action}`).click();
    await page.getByTestId('action-reason').fill(reason);
    await page.getByTestId('action-confirm').click();
  };
  const waitsAgain = async () => {
    await stage.later(24 * HOUR_MS);
    await stage.visitors(20);
    await stage.later(HOUR_MS / 4);
    expect((await stage.shown(ID)).status).toBe('waiting');
  };

  it('shows the plan first, then starts, and leads to a page with an address of its own', async () => {
    const page = await visit('');
    await page.locator('#experiments').filter({ hasText: 'no experiment yet' }).waitFor();
    expect(await page.getByTestId('plan-start').count()).toBe(0);
    await page.getByTestId('plan-model').selectOption(CANDIDATE);
    await page.getByTestId('plan-promote-on').selectOption('no_evidence_of_harm');
    await page.getByTestId('plan-show').click();
    const plan = page.getByTestId('plan');
    await plan.waitFor();
    expect(await textOf(plan)).toContain('Not proven better live.');
    expect(await textOf(plan)).toContain('50 %');
    await page.getByTestId('plan-start').click();
    await page.getByTestId('action-reason').fill('week 10');
    await page.getByTestId('action-confirm').click();
    await page.getByTestId('action-result').filter({ hasText: 'starts at 50 %' }).waitFor();
    await page.getByTestId('action-close').click();
    await status(page, 'running');
    expect(new URL(page.url()).hash).toBe(`#experiment=${ID}`);
    expect(await stage.shareOf(ID)).toBe(5_000);
    expect(await textOf(page.locator('main'))).toContain('No answer was counted yet.');

    await page.reload();
    await status(page, 'running');
    await page.getByText('All experiments').click();
    await page.getByTestId('experiment-item').filter({ hasText: CANDIDATE }).waitFor();
  });

  it('says what is missing while visitors come, and offers only what the engine would take', async () => {
    await stage.visitors(150);
    await stage.later(HOUR_MS);
    const page = await openExperiment();
    const next = page.getByTestId('next');
    await next.filter({ hasText: /[01](\.\d)? of 24 hours/ }).waitFor();
    expect(await textOf(next)).toContain('asks you to let it go to 60 %');
    expect(await textOf(page.getByTestId('next-look'))).toMatch(/Next look: .* Not before/);
    const offered = await page
      .getByTestId('experiment-actions')
      .getByRole('button')
      .allTextContents();
    expect(offered).toEqual(['Pause', 'Stop', 'Roll back']);
    await order(page, 'pause', 'a release is under way');
    await page.getByTestId('action-result').filter({ hasText: 'paused' }).waitFor();
    await page.getByTestId('action-close').click();
    await status(page, 'paused');
    await order(page, 'resume', 'the release is out');
    await page.getByTestId('action-close').click();
    await status(page, 'running');
  });

  it('draws each metric over time and by stage, names what is waived, and says it in words', async () => {
    await waitsAgain();
    const page = await openExperiment();
    await status(page, 'waits for your approval');
    expect(await textOf(page.locator('main'))).toContain(`${CANDIDATE} against ${PRODUCTION}`);
    const thumbs = page.getByTestId('metric-thumbs_up');
    await thumbs.getByTestId('sequence').waitFor();
    const label = await thumbs.getByRole('img').getAttribute('aria-label');
    expect(label).toMatch(
      /^Thumbs up, difference over time: at first .* between .*; now .*; tolerated is 0 %\.$/,
    );
    await thumbs.getByText('The same in numbers').click();
    expect(await thumbs.locator('details tbody tr').count()).toBeGreaterThanOrEqual(2);
    const byStage = await textOf(thumbs.locator('.stages-table'));
    expect(byStage).toMatch(/50 %[\d.]+ % \d+ of \d+ \d+ visitors, between [\d.]+ % and [\d.]+ %/);
    expect(await textOf(thumbs)).toContain('Visitors still needed');
    expect(await textOf(page.getByTestId('metric-hallucination'))).toContain('Waived');
    const times = await textOf(page.getByTestId('latencies'));
    expect(times).toMatch(
      /To the first token.*50 %[\d.]+ m?s p95; half within [\d.]+ m?s, 99 % within/,
    );
    expect(times).toContain('In all, which decides nothing');
    const arms = await textOf(page.getByTestId('arms'));
    expect(arms).toContain('Who gives feedback');
    expect(arms).toMatch(/Of \d+ first appearances \d+ were in treatment; \d+ were to be/);
    expect(await textOf(page.getByTestId('experiment-history'))).toContain('the release is out');
  });

  it.each([
    [1280, 'light'],
    [1280, 'dark'],
    [390, 'light'],
    [390, 'dark'],
  ] as const)(
    'fits %i pixels in the %s, the list and the page, without fault for axe',
    async (width, colorScheme) => {
      const options = { viewport: { width, height: 844 }, colorScheme };
      const page = await openExperiment(options);
      await page.getByTestId('sequence').first().waitFor();
      await page.locator('details').evaluateAll((all) => {
        for (const one of all) one.setAttribute('open', '');
      });
      expect(await sidewaysScroll(page)).toBe(0);
      expect(await violations(page)).toEqual([]);
      const outside = await page.locator('.sequence svg text').evaluateAll((labels) =>
        labels.flatMap((label) => {
          const box = label.getBoundingClientRect();
          return box.left >= 0 && box.right <= window.innerWidth ? [] : [label.textContent];
        }),
      );
      expect(outside).toEqual([]);
      await page.getByTestId('experiment-approve').click();
      expect(await violations(page)).toEqual([]);
      await page.getByTestId('action-cancel').click();

      await page.getByText('All experiments').click();
      await page.getByTestId('plan-show').click();
      await page.getByTestId('plan').waitFor();
      expect(await sidewaysScroll(page)).toBe(0);
      expect(await violations(page)).toEqual([]);
    },
  );

  it('shows a refusal of the engine in its own words, and takes the approval once it may go up', async () => {
    provoked = /409/;
    const page = await openExperiment();
    await page.getByTestId('experiment-approve').click();
    const dialog = page.getByTestId('action-dialog');
    expect(await textOf(dialog)).toContain('60 % of visitors will be answered by');
    // While the operator thinks about it, nobody asks anything for a day.
    await stage.later(24 * HOUR_MS);
    await page.getByTestId('action-reason').fill('thumbs look good');
    await page.getByTestId('action-confirm').click();
    const problem = page.getByTestId('action-problem');
    await problem.waitFor();
    expect(await textOf(problem)).toMatch(/It may not go up now; hold: nothing recorded in/);
    await page.getByTestId('action-cancel').click();
    await page.getByTestId('refusal').filter({ hasText: 'Approve would be refused now' }).waitFor();
    expect(await page.getByTestId('experiment-approve').isDisabled()).toBe(true);
    expect(await stage.shareOf(ID)).toBe(5_000);

    await stage.visitors(20);
    await page.getByTestId('refusal').waitFor({ state: 'detached' });
    await order(page, 'approve', 'thumbs look good');
    await page.getByTestId('action-result').filter({ hasText: 'to 60 %' }).waitFor();
    await page.getByTestId('action-close').click();
    await status(page, 'running');
    expect(await textOf(page.locator('.steps [aria-current="step"]'))).toBe('60 %');
    expect(await stage.shareOf(ID)).toBe(6_000);
    const history = page.getByTestId('experiment-history').getByRole('listitem').first();
    await history.filter({ hasText: 'to 60 %' }).waitFor();
    expect(await textOf(history)).toContain('“thumbs look good”');
  });

  it('rejects with a reason, which ends it and is kept', async () => {
    await waitsAgain();
    const page = await openExperiment({ viewport: { width: 390, height: 844 } });
    await status(page, 'waits for your approval');
    await page.getByTestId('experiment-reject').click();
    expect(await page.getByTestId('action-confirm').isDisabled()).toBe(true);
    await page.getByTestId('action-cancel').click();
    await order(page, 'reject', 'answers are too long for a phone');
    await page.getByTestId('action-close').click();
    await status(page, 'rejected');
    expect(await textOf(page.getByTestId('experiment-reason'))).toContain('too long for a phone');
    expect(await page.getByTestId('experiment-actions').count()).toBe(0);
    expect(await stage.shareOf(ID)).toBeNull();
    const { outcome, history } = await stage.shown(ID);
    expect(outcome).toBe('rejected');
    expect(history[0]).toMatchObject({ reason: 'answers are too long for a phone' });
  });

  it('says of what is no experiment that there is none', async () => {
    provoked = /404/;
    const page = await visit('&experiment=rollout-nothing-1');
    await page.getByText('There is no experiment rollout-nothing-1.').waitFor();
  });
});
