/**
 * Datasets for people: a list and one in full. Called by the dataset and status commands. Pure.
 */
import { facts, instant, minute, number, page, percent, section, table } from '../layout.ts';
import type { Dataset } from '../schemas.ts';

export function datasetList(datasets: readonly Dataset[]): string {
  return table(
    [
      { title: 'dataset', max: 48 },
      { title: 'week' },
      { title: 'status' },
      { title: 'answers', right: true },
      { title: 'train', right: true },
      { title: 'pairs', right: true },
      { title: 'quality', right: true },
      { title: 'created (UTC)' },
    ],
    datasets.map((one) => [
      one.id,
      one.week,
      one.status,
      one.counts?.interactions,
      one.counts?.train,
      one.counts?.pairs,
      percent(one.quality_rate),
      minute(one.created_at),
    ]),
    'No datasets yet: make one with bruno dataset curate.',
  );
}

export function datasetPage(one: Dataset): string {
  const counts = one.counts ?? {};
  return page(
    section(
      `Dataset ${one.id}`,
      facts([
        ['week', one.week],
        ['window', `${instant(one.window_start)} to ${instant(one.window_end)}`],
        ['status', one.status],
        ['created', instant(one.created_at)],
        ['manifest', one.manifest_sha256],
        ['quality rate', percent(one.quality_rate)],
      ]),
    ),
    section(
      'Answers',
      facts([
        ['in the window', counts.interactions],
        ['with evidence', counts.with_evidence],
        ['qualified', counts.qualified],
        ['corrections', counts.corrections],
        ['replayed from earlier weeks', counts.replayed],
      ]),
    ),
    section(
      'Examples',
      facts([
        ['train', counts.train],
        ['held-out phrasings', splitText(counts.validation_phrasings, counts.test_phrasings)],
        ['held-out groups', splitText(counts.validation_groups, counts.test_groups)],
        ['preference pairs', counts.pairs],
      ]),
    ),
    tally('Quality bands', counts.bands),
    tally('Left out, and why', counts.filtered),
  );
}

function splitText(validation: number | null | undefined, test: number | null | undefined): string {
  return `${number(validation)} validation, ${number(test)} test`;
}

function tally(title: string, counts: Record<string, number> | null | undefined): string | null {
  const entries = Object.entries(counts ?? {});
  return entries.length === 0 ? null : section(title, facts(entries));
}
