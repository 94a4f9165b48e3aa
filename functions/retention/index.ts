// Retention: what is older than the configured age loses its words, page by page, on every sweep. Rows,
// votes and counts stay. A message
// that could not be written until then goes whole. Datasets that were made from them stay as they are; what is curated later
// finds no words and takes nothing.

import { withDatabase } from '../../adapters/postgres/connect.ts';
import { forgetLettersBefore } from '../../adapters/postgres/dead-letters.ts';
import { forgetPhrasingsBefore } from '../../adapters/postgres/phrasings.ts';
import { removeAnswerTexts, removeFeedbackTexts } from '../../adapters/postgres/privacy.ts';
import { databaseOf, type Env, learningOf } from '../../workers/env.ts';

const DAY_MS = 86_400_000;
const PAGE = 500;
/** A sweep takes so much at the most and leaves the rest to the next, a quarter of an hour later. */
const PAGES = 100;

export async function sweepRetention(
  env: Env,
  nowMs: number,
  days: number = learningOf(env).privacy.retention_days,
): Promise<void> {
  if (days === 0) return;
  const page = { before: new Date(nowMs - days * DAY_MS), at: new Date(nowMs), limit: PAGE };
  await withDatabase(databaseOf(env), async (db) => {
    await inPages(() => db.transaction((tx) => removeAnswerTexts(tx, page)));
    await inPages(() => removeFeedbackTexts(db, page));
    await inPages(() => forgetPhrasingsBefore(db, page.before, PAGE));
    await inPages(() => forgetLettersBefore(db, page.before, PAGE));
  });
}

async function inPages(removePage: () => Promise<number>): Promise<void> {
  for (let page = 0; page < PAGES; page += 1) if ((await removePage()) < PAGE) return;
}
