// What a visitor does in the chat, wherever it stands: on the demo page or embedded in another. Used
// by the browser tests only.
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
