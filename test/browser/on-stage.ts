// What the files of browser tests have in common: one stack and one browser for the whole file, and
// pages of their own for each test, whose problems fail the test that opened them.
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import { launch, openPage, type Watched } from './browser.ts';
import { type Stage, setStage } from './stage.ts';

export interface OnStage {
  readonly stage: Stage;
  open(url: string, options?: BrowserContextOptions): Promise<Page>;
  /** What a test provokes on purpose is not a problem, until it ends. */
  provoke(problem: RegExp): void;
}

interface Setting {
  set?: () => Promise<Stage>;
  launch?: (executablePath: string) => Promise<Browser>;
  /** What is no problem in any test of the file. */
  allows?: (problem: string, stage: Stage) => boolean;
}

/** Called in a `describe`. Without a browser that is skipped, and so is everything here. */
export function onStage(browserPath: string | null, setting: Setting = {}): OnStage {
  let stage: Stage | undefined;
  let browser: Browser | undefined;
  let open: Watched[] = [];
  let provoked: RegExp[] = [];
  const there = <Thing>(thing: Thing | undefined): Thing => {
    if (thing === undefined) throw new Error('There is a stage and a browser within tests only.');
    return thing;
  };

  beforeAll(async () => {
    [stage, browser] = await Promise.all([
      (setting.set ?? setStage)(),
      (setting.launch ?? launch)(browserPath ?? ''),
    ]);
  }, 600_000);
  afterAll(async () => {
    await browser?.close();
    await stage?.stop();
  }, 60_000);
  afterEach(async () => {
    const expected = provoked;
    const problems = open.flatMap((watched) => watched.problems);
    await Promise.all(open.map((watched) => watched.close()));
    open = [];
    provoked = [];
    const isProblem = (problem: string) =>
      !expected.some((pattern) => pattern.test(problem)) &&
      setting.allows?.(problem, there(stage)) !== true;
    expect(problems.filter(isProblem)).toEqual([]);
  });

  return {
    get stage() {
      return there(stage);
    },
    open: async (url, options = {}) => {
      const watched = await openPage(there(browser), url, options);
      open.push(watched);
      return watched.page;
    },
    provoke: (problem) => void provoked.push(problem),
  };
}
