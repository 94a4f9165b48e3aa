/**
 * The pages as people see them, pinned in golden/ beside this file.
 */
import { describe, expect, it } from 'vitest';
import { BUILT_IN } from '../../core/answer-settings.ts';
import { helpPage } from '../help.ts';
import { bytes, facts, minute, number, percent, table } from '../layout.ts';
import * as learning from '../learning-schemas.ts';
import * as schemas from '../schemas.ts';
import { answers, brokenComparison } from '../testing/compare-routes.ts';
import { experiment, judge, plan } from '../testing/experiment-routes.ts';
import { holdout, pruned, pruningPlan } from '../testing/learning-routes.ts';
import * as record from '../testing/record-routes.ts';
import { settings } from '../testing/settings-routes.ts';
import * as state from '../testing/stack-state.ts';
import { answersText, comparisonText } from './compare-view.ts';
import { datasetList, datasetPage } from './dataset-view.ts';
import { deadLetterList } from './deadletter-view.ts';
import { erasureList, erasurePage } from './erasure-view.ts';
import { historyList, historyPage, momentPage, verificationPage } from './history-view.ts';
import { holdoutPage } from './holdout-view.ts';
import { jobList, jobPage } from './job-view.ts';
import { judgePage } from './judge-view.ts';
import { keyList, keyMade } from './key-view.ts';
import { lineagePage } from './lineage-view.ts';
import { modelList, modelPage } from './model-view.ts';
import { outboxPage } from './notify-view.ts';
import { prunedPage, pruningPage } from './pruning-view.ts';
import { reviewList } from './review-view.ts';
import { experimentListPage, planPage, rolloutPage } from './rollout-view.ts';
import { routePage } from './route-view.ts';
import { settingsListPage, settingsPage } from './settings-view.ts';
import { statusPage } from './status-view.ts';

const dataset = schemas.dataset.parse(state.dataset);
const job = schemas.job.parse(state.job);
const model = schemas.model.parse(state.model);
const flagged = schemas.model.parse({
  ...state.model,
  flags: [{ reason: 'Made from 2026-w42 before a visitor was erased from it.', at: state.T0 }],
});
const erasure = schemas.erasure.parse(state.erasure);
const review = schemas.review.parse(state.review);
const letter = schemas.deadLetter.parse(state.deadLetter);
const hostile = { ...letter, kind: '\u001b[31mred', interaction_id: null, attempts: 3 };
const route = schemas.route.parse({
  table: state.tableView(state.started),
  history: [state.start],
});
const refused = schemas.job.parse({
  ...state.job,
  status: 'refused',
  progress: null,
  verdict: { accepted: false, reason: 'groups fell by 0.2 nats over 17 examples' },
  finished_at: state.T0,
});
const revokedKey = schemas.apiKey.parse({
  ...state.apiKey,
  id: '0v4x8z1b3c',
  name: 'The old shop',
  scopes: ['chat', 'identify'],
  status: 'revoked',
  expires_at: state.T0,
  revoked_at: state.T0,
  revoked_by: 'operator',
  revoke_reason: 'it stood in a page',
});
const lineageOf = (body: unknown) => lineagePage(schemas.lineage.parse(body));
/** A correction of an answer that a trained model gave while it was a candidate. */
const asked = {
  ...state.answerLineage,
  kind: 'feedback',
  event_id: state.correction.event_id,
  answer: { ...state.answerLineage.answer, model_served: state.model.id, routing_version: 8 },
  routing: state.start,
  model: { ...state.modelLineage, dataset: null },
};
const history = schemas.historyRow.parse(record.historyRow);
const old = schemas.historyRow.parse(record.oldRow);
const damaged: record.Page = {
  checked: 3,
  next_after: null,
  damage: [
    { problem: 'missing', seq: 2, until: 3, sentence: 'rows 2 to 3 are missing' },
    { problem: 'cut_off', seq: 6, until: 6, sentence: 'row 6 was cut off' },
  ],
  end: { seq: 5, hash: 'c'.repeat(64), head: 'damaged', published: 6 },
};
const outbox = schemas.outbox.parse({
  channels: record.channels,
  notifications: [
    record.message,
    {
      ...record.message,
      channel: 'pagerduty',
      state: 'pending',
      attempts: 2,
      next_at: '2026-11-03T10:30:00.000Z',
      sent_at: null,
      last_error: 'it answered 429',
    },
  ],
});
const wide = {
  ...review,
  query: '日本語のクエリ\nwith two lines',
  corrected_response: 'word '.repeat(40),
};

describe('pages', () => {
  it.each([
    ['status', statusPage(schemas.status.parse(state.status), 'http://127.0.0.1:8787')],
    ['datasets', datasetList([dataset])],
    ['dataset', datasetPage(dataset)],
    ['jobs', jobList([job, refused])],
    ['job', jobPage(job)],
    ['job-refused', jobPage(refused)],
    ['models', modelList([model])],
    ['model', modelPage(model)],
    ['model-flagged', modelPage(flagged)],
    ['model-pruned', modelPage({ ...model, artifacts_pruned_at: state.T0 })],
    ['pruning', pruningPage(learning.pruning.parse(pruningPlan))],
    ['pruned', prunedPage(learning.pruned.parse(pruned))],
    ['holdout', holdoutPage(learning.holdout.parse(holdout))],
    [
      'holdout-off',
      holdoutPage({ ...holdout, enabled: false, now: null, split: null, metrics: [] }),
    ],
    ['erasures', erasureList([erasure])],
    ['erasure', erasurePage(erasure)],
    ['reviews', reviewList([review, schemas.review.parse(wide)], 'pending')],
    ['deadletters', deadLetterList([letter, schemas.deadLetter.parse(hostile)])],
    ['route', routePage(route)],
    ['base', modelPage(schemas.model.parse(state.base))],
    ['lineage-answer', lineageOf(state.answerLineage)],
    ['lineage-feedback', lineageOf(asked)],
    ['lineage-model', lineageOf(state.modelLineage)],
    ['lineage-dataset', lineageOf(state.datasetLineage)],
    ['keys', keyList([revokedKey, schemas.apiKey.parse(state.apiKey)])],
    ['key-made', keyMade(schemas.apiKeyMade.parse({ ...state.apiKey, key: state.KEY_TEXT }))],
    ['history', historyList([history, old])],
    ['history-row', historyPage(old)],
    ['history-at', momentPage(schemas.historyMoment.parse(record.moment))],
    ['history-whole', verificationPage(schemas.verifiedPage.parse(record.wholePage))],
    ['history-damaged', verificationPage(schemas.verifiedPage.parse(damaged))],
    ['notify', outboxPage(outbox)],
    ['experiments', experimentListPage([experiment])],
    ['experiment', rolloutPage(experiment)],
    ['experiment-plan', planPage(plan, judge)],
    ['experiment-chat', comparisonText(brokenComparison, 'How long are logs kept?')],
    ['experiment-answers', answersText(answers)],
    [
      'settings-list',
      settingsListPage({ built_in: { ...BUILT_IN, prompt_version: 'v1' }, settings: [settings] }),
    ],
    ['settings', settingsPage(settings)],
    ['judge', judgePage({ judge, measuring: { texts: 180, waiting: 12 } })],
    ['help', helpPage([])],
    ['help-key', helpPage(['key'])],
    ['help-experiment', helpPage(['experiment'])],
    ['help-settings', helpPage(['settings'])],
    ['help-key-create', helpPage(['key', 'create'])],
  ])('%s', async (name, page) => {
    await expect(`${page}\n`).toMatchFileSnapshot(`golden/${name}.txt`);
    expect(page).not.toMatch(/[ \t]$/m);
  });

  it('say so when there is nothing', () => {
    expect(datasetList([])).toBe('No datasets yet: make one with bruno dataset curate.');
    expect(jobList([])).toBe('No training jobs yet: start one with bruno job create DATASET.');
    expect(modelList([])).toBe('No models yet.');
    expect(keyList([])).toMatch(/^No API keys yet/);
    expect(deadLetterList([])).toBe('No dead letters wait.');
    expect(reviewList([], 'pending')).toBe('No pending corrections.');
    expect(historyList([])).toBe('Nothing was decided yet.');
    expect(outboxPage({ channels: [], notifications: [] })).toMatch(/^None\.$/m);
    const never = { ...record.moment, because: null, row_intact: null, live: null };
    expect(momentPage(schemas.historyMoment.parse(never))).toContain('Nothing had been changed');
    const started = schemas.route.parse({ table: state.tableView(state.table), history: [] });
    expect(routePage(started)).toContain('Nothing was changed yet.');
  });

  it('show a dataset that has no counts yet', () => {
    const building = schemas.dataset.parse({
      id: 'd',
      week: '2026-w42',
      status: 'curating',
      created_at: state.T0,
      counts: null,
    });
    expect(datasetPage(building)).toMatch(/in the window +-$/m);
  });
});

describe('values', () => {
  it('are cut only beyond what a correction may hold, and say how much is missing', () => {
    expect(facts([['x', 'a'.repeat(8000)]])).not.toContain('more characters');
    expect(facts([['x', 'a'.repeat(9000)]])).toContain(
      '(1,000 more characters; --json has them all)',
    );
  });

  it('are grouped, in percent, in UTC', () => {
    expect([number(1204567), number(0.123456), number(null)]).toEqual(['1,204,567', '0.1235', '-']);
    expect([percent(0.25), percent(0.0005), percent(undefined)]).toEqual(['25 %', '0.1 %', '-']);
    expect(minute('2026-10-18T04:30:59+02:00')).toBe('2026-10-18 02:30');
    expect([bytes(3 * 1024 ** 3), bytes(1024 ** 2)]).toEqual(['3.0 GiB', '1.0 MiB']);
  });

  it('align by columns of the terminal, numbers to the right', () => {
    const lines = table(
      [{ title: 'n', right: true }, { title: 'x' }, { title: 'y' }],
      [
        [5, '日本', 'a'],
        [1000, null, 'b'],
      ],
      '',
    );
    expect(lines).toBe('    n  x     y\n    5  日本  a\n1,000  -     b');
    expect(
      facts(
        [
          ['a', 1],
          ['long', 'x'],
        ],
        '',
      ),
    ).toBe('a     1\nlong  x');
  });
});
