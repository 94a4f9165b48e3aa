// The demo page in a real browser against the real Worker, model server and record: what a visitor
// does ends up as rows that an operator can look up.
import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { feedbackValue } from '../../core/feedback-values.ts';
import { browserOrSkip, focusedTestId, sidewaysScroll, tabTo, textOf } from './browser.ts';
import { ask, idOf, lastAnswer, QUESTION, reaches, says } from './conversation.ts';
import { onStage } from './on-stage.ts';

const browserPath = browserOrSkip();

describe.skipIf(browserPath === null)('the demo page', { timeout: 240_000 }, () => {
  const suite = onStage(browserPath);
  const visit = async (options = {}): Promise<Page> => {
    const page = await suite.open(suite.stage.url, options);
    await page.getByTestId('chat-input').waitFor();
    return page;
  };

  it('shows an answer while it is written, and records one thumb as one row', async () => {
    const page = await visit();
    await page.getByTestId('chat-input').fill('How do I drain a node safely?');
    await page.getByTestId('send').click();
    const answer = lastAnswer(page);
    await reaches(answer, 'writing');
    const early = await textOf(answer);
    await reaches(answer, 'done');
    expect((await textOf(answer)).length).toBeGreaterThan(early.length);
    expect(await textOf(page.getByTestId('model-version'))).toBe('smollm2-135m-instruct');

    // Pressed again, at once or later, it is the same verdict and not another one.
    await page.getByTestId('thumb-up').dblclick();
    await says(page, 'recorded');
    await page.getByTestId('thumb-up').click();
    expect(await page.getByTestId('thumb-up').getAttribute('aria-pressed')).toBe('true');
    const id = await idOf(page);
    await suite.stage.recorded(id, 'thumbs_up');
    // What is sent after it is recorded after it.
    await page.getByTestId('thumb-down').click();
    await suite.stage.recorded(id, 'thumbs_down');
    expect(await suite.stage.recorded(id, 'thumbs_up')).toHaveLength(1);
  });

  it('records stars, and a correction with its kind', async () => {
    const page = await visit();
    const id = await ask(page);
    await page.getByTestId('star-4').dblclick();
    await says(page, 'recorded');
    expect(await page.getByTestId('star-4').getAttribute('aria-pressed')).toBe('true');
    await page.getByTestId('correct-open').click();
    await page.getByTestId('correct-kind').selectOption('tone');
    await page.getByTestId('correct-text').fill('Good morning.');
    await page.getByTestId('correct-send').click();
    await page.getByTestId('correct-text').waitFor({ state: 'detached' });
    await says(page, 'recorded');
    expect(await suite.stage.recorded(id, 'correction')).toMatchObject([
      { corrected_response: 'Good morning.', correction_type: 'tone' },
    ]);
    const ratings = await suite.stage.recorded(id, 'rating');
    expect(ratings).toMatchObject([{ feedback_value: feedbackValue('rating', 4) }]);
  });

  it('copies an answer and says so to the server when the next question is asked', async () => {
    const page = await visit();
    const id = await ask(page);
    await page.getByTestId('copy').click();
    await page.getByTestId('copy').filter({ hasText: 'Copied' }).waitFor();
    const copied = await page.evaluate(() => navigator.clipboard.readText());
    expect(copied.trim()).not.toBe('');
    await ask(page, 'What is a pod?');
    const signals = await suite.stage.recorded(id, 'signals');
    expect(signals).toHaveLength(1);
    expect(signals[0]?.metadata).toMatchObject({ copy_event: true, follow_up_asked: true });
  });

  it('stops an answer, keeps what was written and takes the next question', async () => {
    const page = await visit();
    await page.getByTestId('chat-input').fill('Explain Kubernetes in a long list of steps.');
    await page.getByTestId('send').click();
    await reaches(lastAnswer(page), 'writing');
    await page.getByTestId('stop').click();
    await reaches(lastAnswer(page), 'stopped');
    const kept = lastAnswer(page);
    expect(await textOf(kept)).toContain('You stopped this answer.');
    await ask(page);
    expect(await page.getByTestId('answer').count()).toBe(2);
  });

  it('deletes everything about a visitor, after asking', async () => {
    const page = await visit();
    const id = await ask(page);
    await page.getByTestId('thumb-up').click();
    await says(page, 'recorded');
    await suite.stage.recorded(id, 'thumbs_up');
    await page.getByTestId('erase-open').click();
    await page.getByRole('button', { name: 'Cancel' }).click();
    await expect.poll(() => focusedTestId(page)).toBe('erase-open');
    expect(await page.getByTestId('answer').count()).toBe(1);

    await page.getByTestId('erase-open').click();
    await page.getByTestId('erase-yes').click();
    await page.getByTestId('erase').filter({ hasText: 'What you ask next' }).waitFor();
    expect(await page.getByTestId('answer').count()).toBe(0);
    const held = await page.evaluate(() => JSON.stringify({ ...localStorage }));
    expect(held).not.toContain('visitor_token');
    expect(await suite.stage.isKnown(id)).toBe(false);
    // Whoever asks next is somebody new, and is recorded; nothing more is sent about who is gone.
    const told: string[] = [];
    page.on('request', (request) => void told.push(request.postData() ?? ''));
    const next = await ask(page);
    expect(told.filter((body) => body.includes(id))).toEqual([]);
    await expect.poll(() => suite.stage.isKnown(next), { timeout: 20_000 }).toBe(true);
  });

  it('keeps earlier chats out of training too, when asked to', async () => {
    const page = await visit();
    await ask(page);
    await page.getByTestId('training-opt-out').check();
    await page.getByTestId('refuse-training-open').click();
    await page.getByTestId('refuse-training-yes').click();
    await page.getByTestId('refuse-training').filter({ hasText: 'Nothing of yours' }).waitFor();
  });

  it('can be used with the keyboard alone', async () => {
    const page = await visit();
    await tabTo(page, 'chat-input');
    await page.keyboard.type(QUESTION);
    await page.keyboard.press('Enter');
    await reaches(lastAnswer(page), 'done');
    const id = await idOf(page);
    await tabTo(page, 'thumb-down', 'Shift+Tab');
    await page.keyboard.press('Enter');
    await says(page, 'recorded');
    await tabTo(page, 'correct-open');
    await page.keyboard.press('Enter');
    await tabTo(page, 'correct-text');
    await page.keyboard.type('Hello, how can I help?');
    await tabTo(page, 'correct-send');
    await page.keyboard.press('Enter');
    await page.getByTestId('correct-text').waitFor({ state: 'detached' });
    // The focus returns to where the form was opened, and not to the top of the page.
    await expect.poll(() => focusedTestId(page)).toBe('correct-open');
    expect(await suite.stage.recorded(id, 'thumbs_down')).toHaveLength(1);
    expect(await suite.stage.recorded(id, 'correction')).toHaveLength(1);
  });

  it.each(['light', 'dark'] as const)(
    'fits a phone without sideways scrolling (%s)',
    async (colorScheme) => {
      const page = await visit({ viewport: { width: 375, height: 812 }, colorScheme });
      expect(await sidewaysScroll(page)).toBe(0);
      await ask(page, `Say hello to ${'x'.repeat(200)}.`);
      await page.getByTestId('correct-open').click();
      await page.getByTestId('correct-text').waitFor();
      expect(await sidewaysScroll(page)).toBe(0);
    },
  );
});
