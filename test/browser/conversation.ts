// What a visitor does in the chat, wherever it stands: on the demo page or embedded in another, and
// what the answers hold where that matters. Used by the browser tests only.
import type { Locator, Page } from 'playwright-core';
import { expect } from 'vitest';

const ANSWERED_WITHIN_MS = 90_000;
export const QUESTION = 'Say hello.';

export const lastAnswer = (page: Page): Locator => page.getByTestId('answer').last();

export const reaches = (answer: Locator, phase: string) =>
  expect
    .poll(() => answer.getAttribute('data-phase'), { timeout: ANSWERED_WITHIN_MS, interval: 20 })
    .toBe(phase);

export const idOf = async (page: Page): Promise<string> =>
  (await lastAnswer(page).getAttribute('data-interaction-id')) ?? 'no interaction id';

/** Asks and waits for the whole answer; resolves with its id. */
export async function ask(page: Page, question = QUESTION): Promise<string> {
  await page.getByTestId('chat-input').fill(question);
  await page.getByTestId('send').click();
  await reaches(lastAnswer(page), 'done');
  return idOf(page);
}

export const says = (page: Page, text: string): Promise<void> =>
  page.getByTestId('feedback-status').filter({ hasText: text }).waitFor();

/**
 * From here on the answers on this page hold these words. A small model cannot be made to write them;
 * everything else about an answer is the Worker's own: its id, its token, its sources, its record.
 */
export const answerIs = (page: Page, words: string): Promise<unknown> =>
  page.route('**/api/chat', async (route) => {
    const response = await route.fetch({ timeout: ANSWERED_WITHIN_MS });
    const events = (await response.text()).split('\n\n');
    const isDelta = (event: string) => event.includes('"type":"delta"');
    if (!events.some(isDelta)) throw new Error(`no delta in ${events.join(' ')}`);
    const said = `data: ${JSON.stringify({ type: 'delta', text: words })}`;
    const first = events.findIndex(isDelta);
    const body = events.map((event, at) => (at === first ? said : event));
    const kept = body.filter((event) => event === said || !isDelta(event));
    await route.fulfill({ response, body: kept.join('\n\n') });
  });
