// What an operator looks at before an approval, in a real browser against the real Worker and record: both
// arms asked side by side, and what visitors disliked of each. The model servers are a test's own, because
// no two models are there to compare.
import axe from 'axe-core';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { withConnection } from '../../local/migrate.ts';
import { type Edge, startEdge } from '../edge.ts';
import {
  browserOrSkip,
  launch,
  openPage,
  sidewaysScroll,
  tabTo,
  textOf,
  type Watched,
} from './browser.ts';

const browserPath = browserOrSkip();
const CANDIDATE = '2026-w42.1';
const PRODUCTION = 'tiny-sre';
const HOSTILE = '<img src=x onerror="window.hacked = 1"> How long are logs kept?';

describe.skipIf(browserPath === null)('before an approval', { timeout: 120_000 }, () => {
  let edge: Edge;
  let browser: Browser;
  let experiment = '';
  let open: Watched[] = [];

  beforeAll(async () => {
    [edge, browser] = await Promise.all([startEdge({ bucket: false }), launch(browserPath ?? '')]);
    experiment = await prepared(edge);
  }, 600_000);
  afterAll(async () => {
    await browser?.close();
    await edge?.stop();
  }, 60_000);
  afterEach(async () => {
    const problems = open.flatMap((watched) => watched.problems);
    await Promise.all(open.map((watched) => watched.close()));
    open = [];
    expect(problems).toEqual([]);
  });

  const enter = async (options = {}): Promise<Page> => {
    const url = `${edge.url}/console/#token=${edge.secrets.adminToken}`;
    const watched = await openPage(browser, url, options);
    open.push(watched);
    const { page } = watched;
    await page.getByTestId('station-visitors').waitFor();
    await page.evaluate((id) => {
      location.hash = `experiment=${id}`;
    }, experiment);
    await page.getByTestId('preview-input').waitFor();
    return page;
  };
  const ask = async (page: Page, message: string) => {
    await page.getByTestId('preview-input').fill(message);
    await page.getByTestId('preview-send').click();
  };
  const answered = async (page: Page, message: string) => {
    const turn = page.getByTestId('preview-turn').filter({ hasText: message }).first();
    for (const arm of ['treatment', 'control']) {
      await turn.locator(`[data-testid="preview-${arm}"][data-writing="false"]`).waitFor();
    }
    return turn;
  };
  // Run from outside the page: its policy lets no other script in.
  const violations = async (page: Page): Promise<string[]> => {
    await page.evaluate(axe.source);
    const found = z
      .object({ violations: z.array(z.looseObject({ id: z.string() })) })
      .parse(await page.evaluate('axe.run()'));
    return found.violations.map((one) => JSON.stringify(one));
  };

  it('asks candidate and production side by side, and each what it said before', async () => {
    const page = await enter();
    await ask(page, 'Who are you?');
    const turn = await answered(page, 'Who are you?');
    const candidate = turn.getByTestId('preview-treatment');
    expect(await textOf(candidate)).toContain(`Candidate ${CANDIDATE}`);
    expect(await textOf(candidate)).toContain(`I am ${CANDIDATE}`);
    expect(await textOf(candidate)).toContain('11 tokens');
    expect(await candidate.getByRole('listitem').count()).toBe(2);
    expect(await textOf(turn.getByTestId('preview-control'))).toContain(`I am ${PRODUCTION}`);
    expect(await textOf(page.getByTestId('preview-spoken'))).toBe('Both have answered.');

    await ask(page, 'And again?');
    await answered(page, 'And again?');
    const told = edge.modelServer.received
      .filter(({ messages }) => messages.at(-1)?.content === 'And again?')
      .map(({ model, messages }) => [model, messages.at(-2)?.content.includes(`**${model}**`)]);
    expect(told).toHaveLength(2);
    expect(told.every(([, own]) => own)).toBe(true);
    // The newest question stands first.
    expect(await textOf(page.getByTestId('preview-turn').first())).toContain('And again?');
    await page.getByTestId('preview-clear').click();
    await page.getByTestId('preview-turn').first().waitFor({ state: 'detached' });
  });

  it('shows why one side failed beside the other’s answer', async () => {
    const page = await enter();
    await ask(page, `only ${CANDIDATE} refuses this`);
    const turn = await answered(page, 'refuses this');
    expect(await textOf(turn.getByTestId('preview-treatment'))).toContain(
      `${CANDIDATE} was refused by the model server`,
    );
    expect(await textOf(turn.getByTestId('preview-control'))).toContain('You asked: only');
    expect(await textOf(page.getByTestId('preview-spoken'))).toContain('Candidate gave no');
  });

  it('stops both models, by button or by Escape', async () => {
    const page = await enter();
    const left = (message: string) =>
      edge.modelServer.abandoned.filter((one) => one === message).length;
    await ask(page, 'never end by button');
    await page.getByTestId('preview-control').filter({ hasText: 'on on' }).waitFor();
    await page.getByTestId('preview-stop').click();
    await expect.poll(() => left('never end by button'), { timeout: 10_000 }).toBe(2);
    await ask(page, 'never end by key');
    await page.getByTestId('preview-control').first().filter({ hasText: 'on on' }).waitFor();
    await page.getByTestId('preview-input').press('Escape');
    await expect.poll(() => left('never end by key'), { timeout: 10_000 }).toBe(2);
    expect(await textOf(page.getByTestId('preview-spoken'))).toBe('You stopped both.');
  });

  it('lists what visitors disliked of an arm, page by page, and counts both by stage', async () => {
    const page = await enter();
    const items = page.getByTestId('answer-item');
    await items.first().waitFor();
    expect(await items.count()).toBe(10);
    const first = items.first();
    expect(await textOf(first)).toContain(HOSTILE);
    expect(await textOf(first)).toContain('corrected, factual error, pending');
    expect(await textOf(first)).toContain('For 30 days.');
    expect(await textOf(items.nth(1))).toContain(
      `${PRODUCTION} in place of ${CANDIDATE} (timed out)`,
    );
    expect(await page.evaluate(() => 'hacked' in window)).toBe(false);
    await page.getByTestId('answers-more').click();
    await expect.poll(() => items.count()).toBe(12);
    expect(await page.getByTestId('answers-more').count()).toBe(0);

    const stages = page.getByTestId('answers-stages');
    expect(await textOf(stages)).toContain('at\u00a010\u00a0%');
    expect(await textOf(stages)).toContain('60 %: 12 of 20 rated');
    expect(await textOf(stages)).toContain('15 %: 3 of 20 rated');

    await page.getByTestId('answers-control').check();
    await expect.poll(() => items.count()).toBe(3);
    await page.getByTestId('answers-low').uncheck();
    await expect.poll(() => items.count()).toBe(10);
    await page.getByTestId('answers-order').selectOption('worst');
    await expect.poll(() => textOf(items.first())).toContain('thumb down');
  });

  it('can be used with the keyboard alone', async () => {
    const page = await enter();
    await tabTo(page, 'preview-input');
    await page.keyboard.type('Who are you?');
    await page.keyboard.press('Enter');
    await answered(page, 'Who are you?');
    // The focus stayed where the next question is written.
    expect(await page.evaluate(() => document.activeElement?.getAttribute('data-testid'))).toBe(
      'preview-input',
    );
    await tabTo(page, 'answers-treatment');
    await page.keyboard.press('ArrowRight');
    expect(await page.getByTestId('answers-control').isChecked()).toBe(true);
    await expect.poll(() => page.getByTestId('answer-item').count()).toBe(3);
  });

  it.each([
    [1280, 'light'],
    [1280, 'dark'],
    [390, 'light'],
    [390, 'dark'],
  ] as const)('fits %d pixels in the %s, without fault for axe', async (width, colorScheme) => {
    const page = await enter({ viewport: { width, height: 844 }, colorScheme });
    await ask(page, 'Who are you?');
    await answered(page, 'Who are you?');
    await ask(page, `only ${CANDIDATE} refuses ${'x'.repeat(200)}`);
    const turn = await answered(page, 'refuses');
    await page.getByTestId('answer-item').first().waitFor();
    expect(await violations(page)).toEqual([]);
    expect(await sidewaysScroll(page)).toBe(0);
    // Side by side where there is room, else one below the other.
    const [one, other] = await Promise.all(
      ['treatment', 'control'].map((arm) => turn.getByTestId(`preview-${arm}`).boundingBox()),
    );
    const isBelow = (other?.y ?? 0) >= (one?.y ?? 0) + (one?.height ?? 0);
    expect(isBelow).toBe(width === 390);
  });
});

/** An experiment that waits for its start, with answers of both arms; its id. */
async function prepared(edge: Edge): Promise<string> {
  await statement(
    edge,
    `INSERT INTO models (id, display, base, parent, status, reason, metrics, artifacts, created_at)
     VALUES ('${CANDIDATE}', '${CANDIDATE}', '${PRODUCTION}', '${PRODUCTION}', 'registered', 'accepted',
       '{}', '[]', now())`,
  );
  const made = await fetch(`${edge.url}/admin/experiments`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      authorization: `Bearer ${edge.secrets.adminToken}`,
    },
    body: JSON.stringify({ model_id: CANDIDATE, reason: 'for a test' }),
  });
  const { id } = z.object({ id: z.string() }).parse(await made.json());
  // Of 40 answers each 20 are rated: 12 low of the candidate's, 3 of production's.
  await statement(
    edge,
    `INSERT INTO interactions (interaction_id, visitor_id, session_id, trace_id, query, history_turns, response,
       sources, retrieval_possible, prompt_version, model_served, model_assigned, arm, experiment_id,
       routing_version, status, total_ms, training_opt_out, platform, created_at, share_bp, stratum,
       assigned_failure)
     SELECT gen_random_uuid(), arm || n, arm || n, 't',
       CASE WHEN n = 1 THEN '${HOSTILE.replaceAll("'", "''")}' ELSE 'Question ' || n || ' to the ' || arm END,
       n % 3, 'For ever. Logs are never deleted, as far as anybody remembers.', '[]', false, 'v1',
       CASE WHEN arm = 'treatment' AND n <> 2 THEN '${CANDIDATE}' ELSE '${PRODUCTION}' END,
       CASE arm WHEN 'treatment' THEN '${CANDIDATE}' ELSE '${PRODUCTION}' END, arm, '${id}', 1, 'complete',
       900, n = 3, 'homepage', now() - n * interval '1 hour', 1000, 0,
       CASE WHEN arm = 'treatment' AND n = 2 THEN 'timed_out' END
     FROM generate_series(1, 40) AS n, (VALUES ('control'), ('treatment')) AS a(arm)`,
  );
  await statement(
    edge,
    `INSERT INTO feedback_events (event_id, interaction_id, visitor_id, source, feedback_type, feedback_value,
       corrected_response, correction_type, review_status, model_version, metadata, at, received_at)
     SELECT gen_random_uuid(), interaction_id, visitor_id, 'explicit',
       CASE WHEN n = 1 THEN 'correction' WHEN n > low THEN 'thumbs_up' ELSE 'thumbs_down' END,
       CASE WHEN n = 1 THEN -0.5 WHEN n > low THEN 1 ELSE -1 END,
       CASE WHEN n = 1 THEN 'For 30 days.' END, CASE WHEN n = 1 THEN 'factual_error' END,
       CASE WHEN n = 1 THEN 'pending' END, model_served, '{}', created_at + interval '1 minute', now()
     FROM (SELECT *, regexp_replace(visitor_id, '\\D', '', 'g')::int AS n,
             CASE arm WHEN 'treatment' THEN 12 ELSE 3 END AS low FROM interactions) AS answers
     WHERE n <= 20`,
  );
  return id;
}

const statement = ({ database }: Edge, text: string) =>
  withConnection(database.url, database.proxy, (client) => client.query(text));
