// The operators' console in a real browser against the real Worker: who gets in, what an operator
// sees of visitors' corrections and decides about them, and that visitors' words stay words.
import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { openWindow } from '../../core/calendar.ts';
import { browserOrSkip, sidewaysScroll, textOf } from './browser.ts';
import { onStage } from './on-stage.ts';

const browserPath = browserOrSkip();
const HOSTILE = '<img src=x onerror="window.hacked = 1"><script>window.hacked = 1</script>';
const PATH = '/console/';

const statusSchema = z.object({ now: z.string(), reviews_pending: z.number() });
const reviewsSchema = z.object({
  reviews: z.array(z.object({ interaction_id: z.string(), corrected_response: z.string() })),
});

describe.skipIf(browserPath === null)('the console', { timeout: 120_000 }, () => {
  const suite = onStage(browserPath);
  const visit = (hash: string, options = {}): Promise<Page> =>
    suite.open(`${suite.stage.url}${PATH}${hash}`, options);
  const enter = async (options = {}): Promise<Page> => {
    const page = await visit(`#token=${suite.stage.operatorToken}`, options);
    await page.getByTestId('station-visitors').waitFor();
    return page;
  };
  const status = () => suite.stage.admin('/admin/status', statusSchema);
  const reviewed = async (decision: 'pending' | 'accepted' | 'rejected') =>
    (await suite.stage.admin(`/admin/reviews?status=${decision}`, reviewsSchema)).reviews;
  const allPending = async (count: number) =>
    expect.poll(async () => (await status()).reviews_pending, { timeout: 20_000 }).toBe(count);
  const staysText = async (page: Page) => {
    expect(await page.locator('main :is(img, script, a[href^="javascript"])').count()).toBe(0);
    expect(await page.evaluate(() => 'hacked' in window)).toBe(false);
  };
  const item = (page: Page, text: string) =>
    page.getByTestId('review-item').filter({ hasText: text });

  it('refuses a wrong token at the gate and takes the right one', async () => {
    suite.provoke(/401/);
    const page = await visit('');
    await page.getByTestId('token-input').fill('not-the-token');
    await page.getByTestId('token-send').click();
    await page.getByTestId('token-refused').waitFor();
    expect(await page.getByTestId('station-visitors').count()).toBe(0);
    await page.getByTestId('token-input').fill(suite.stage.operatorToken);
    await page.getByTestId('token-send').click();
    await page.getByTestId('station-visitors').waitFor();
    await page.getByTestId('leave').click();
    await page.getByTestId('token-input').waitFor();
  });

  it('takes the token out of the link at once and keeps it in the tab', async () => {
    const page = await enter();
    expect(page.url()).toBe(`${suite.stage.url}${PATH}`);
    await page.reload();
    await page.getByTestId('station-visitors').waitFor();
  });

  it('says where everything starts, and offers no model where none was trained', async () => {
    const page = await enter();
    expect(await textOf(page.getByTestId('station-models'))).toContain('only the base');
    expect(await page.getByTestId('action-start').isDisabled()).toBe(true);
    expect(await textOf(page.getByTestId('action-start-model'))).toContain('No model is ready');
    expect(await page.getByTestId('action-promote').count()).toBe(0);
    expect(await page.getByTestId('action-rollback').isDisabled()).toBe(true);
  });

  it('ends the week only after saying what that does', async () => {
    const page = await enter();
    const { now } = await status();
    const { id, endMs } = openWindow(Date.parse(now));
    await page.getByTestId('end-week').click();
    const dialog = page.getByTestId('action-dialog');
    expect(await textOf(dialog)).toContain("this machine's clock");
    expect(await textOf(dialog)).toContain('02:00 UTC');
    await page.getByTestId('action-cancel').click();
    await dialog.waitFor({ state: 'detached' });
    expect(Date.parse((await status()).now)).toBeLessThan(endMs);

    await page.getByTestId('end-week').click();
    await page.getByTestId('action-confirm').click();
    await page
      .getByTestId('action-result')
      .filter({ hasText: `Week ${id}` })
      .waitFor();
    expect(Date.parse((await status()).now)).toBeGreaterThanOrEqual(endMs);
    await page.getByTestId('action-close').click();
    await page.getByTestId('dataset-item').filter({ hasText: id }).waitFor();
  });

  it('shows corrections with question, old and new text, and decides about each', async () => {
    const accepted = await suite.stage.askAndCorrect('How long are logs kept?', 'For 30 days.');
    const refused = await suite.stage.askAndCorrect('Who is on call?', 'Nobody, ever.');
    await allPending(2);
    const page = await enter();
    const first = item(page, 'For 30 days.');
    await first.waitFor();
    expect(await textOf(first)).toContain('How long are logs kept?');
    expect(await textOf(first)).toContain('Our answer');
    expect(await textOf(first.locator('.said').first())).not.toBe('');
    expect(await textOf(first)).toContain('factual error');

    expect(await textOf(page.getByTestId('station-visitors'))).toContain('2 answers');
    expect(await textOf(page.getByTestId('station-feedback'))).toContain('2 verdicts');
    expect(await textOf(page.getByTestId('station-corrections'))).toContain('2 waiting');

    await first.getByTestId('review-accept').click();
    await first.waitFor({ state: 'detached' });
    const second = item(page, 'Nobody, ever.');
    await second.getByTestId('review-note').fill('There is a rota.');
    await second.getByTestId('review-reject').click();
    await second.waitFor({ state: 'detached' });
    await page.getByTestId('station-corrections').filter({ hasText: '0 waiting' }).waitFor();
    expect(await reviewed('pending')).toEqual([]);
    expect(await reviewed('accepted')).toMatchObject([{ interaction_id: accepted }]);
    expect(await reviewed('rejected')).toMatchObject([{ interaction_id: refused }]);
  });

  it('says which model gave an answer and how it was routed there', async () => {
    const id = await suite.stage.askAndCorrect('Where are the dashboards?', 'In Grafana.');
    await suite.stage.recorded(id, 'correction');
    const page = await enter();
    await page.getByTestId('lineage-input').fill(id);
    await page.getByTestId('lineage-look').click();
    const found = page.getByTestId('lineage-result');
    await found.waitFor();
    expect(await textOf(found)).toContain('Where are the dashboards?');
    expect(await textOf(found)).toMatch(/model served\s*smollm2-135m-instruct/);
    expect(await textOf(found)).toMatch(/routing version\s*0/);
    expect(await textOf(found)).toContain('In Grafana.');
  });

  it("shows a visitor's markup as the text it is", async () => {
    const visitor = await suite.open(suite.stage.url);
    await visitor.getByTestId('chat-input').fill(HOSTILE);
    await visitor.getByTestId('send').click();
    await visitor.getByTestId('correct-open').click({ timeout: 90_000 });
    await visitor.getByTestId('correct-text').fill(`${HOSTILE} [here](javascript:alert(1))`);
    await visitor.getByTestId('correct-send').click();
    await visitor.getByTestId('feedback-status').filter({ hasText: 'recorded' }).waitFor();
    await staysText(visitor);
    const id = await visitor.getByTestId('answer').getAttribute('data-interaction-id');
    await suite.stage.recorded(id ?? 'no interaction id', 'correction');

    const page = await enter();
    const shown = item(page, '<script>');
    await shown.waitFor();
    expect(await textOf(shown)).toContain(HOSTILE);
    await page.getByTestId('lineage-input').fill(id ?? '');
    await page.getByTestId('lineage-look').click();
    await page.getByTestId('lineage-result').filter({ hasText: '<script>' }).waitFor();
    await staysText(page);
  });

  it('shows what could not be written and why, and replays it once the cause is mended', async () => {
    await suite.stage.database(`
      ALTER TABLE feedback_events ADD CONSTRAINT not_on_fridays
      CHECK (corrected_response IS DISTINCT FROM 'Only on Fridays.') NOT VALID`);
    const id = await suite.stage.askAndCorrect('When do you deploy?', 'Only on Fridays.');
    const page = await enter();
    const letter = page.getByTestId('dead-letter').filter({ hasText: id });
    await letter.waitFor();
    expect(await textOf(letter)).toContain('not_on_fridays');
    expect(await textOf(letter)).not.toContain('Fridays.');
    await suite.stage.database('ALTER TABLE feedback_events DROP CONSTRAINT not_on_fridays');
    await letter.getByTestId('dead-letter-replay').click();
    await letter.waitFor({ state: 'detached' });
    const recorded = await suite.stage.recorded(id, 'correction');
    expect(recorded).toMatchObject([{ corrected_response: 'Only on Fridays.' }]);
    await page.locator('#dead-letters').waitFor({ state: 'detached' });
  });

  it('shows whose votes do not count, by which rule and on which answers', async () => {
    const page = await enter();
    const section = page.locator('#bounds');
    await section.filter({ hasText: 'Every vote since' }).waitFor();
    await suite.stage.database(`
      INSERT INTO feedback_events (event_id, interaction_id, visitor_id, source, feedback_type,
        feedback_value, model_version, metadata, at, received_at)
      SELECT gen_random_uuid(), gen_random_uuid(), 'visitor-of-many-votes', 'explicit',
        CASE n % 2 WHEN 0 THEN 'thumbs_up' ELSE 'thumbs_down' END, CASE n % 2 WHEN 0 THEN 1 ELSE -1 END,
        'any', '{}', now() - n * interval '1 s', now() - n * interval '1 s'
      FROM generate_series(1, 35) AS n`);
    await page.reload();
    const visitor = page.getByTestId('bounded-visitor');
    await visitor.waitFor();
    expect(await textOf(visitor)).toContain('10 of 35 votes count');
    expect(await textOf(visitor)).toContain('too many within a minute: 25');
    expect(await textOf(visitor)).toContain('visitor-of-many-votes');
    await visitor.getByText('The first 20 of 25 votes').click();
    expect(await visitor.getByRole('listitem').count()).toBe(20);
    expect(await sidewaysScroll(page)).toBe(0);
  });

  it.each(['light', 'dark'] as const)(
    'fits a phone without sideways scrolling (%s)',
    async (colorScheme) => {
      const page = await enter({ viewport: { width: 375, height: 812 }, colorScheme });
      await page.getByTestId('review-item').first().waitFor();
      expect(await sidewaysScroll(page)).toBe(0);
      await page.getByTestId('end-week').click();
      await page.getByTestId('action-confirm').waitFor();
      expect(await sidewaysScroll(page)).toBe(0);
    },
  );
});
