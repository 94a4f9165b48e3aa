/**
 * Erasures for people: what would go, what went, and how far the rest is. Called by the erase
 * commands. Pure.
 */
import { type Cell, facts, instant, minute, page, section, table } from '../layout.ts';
import type { Erasure, ErasurePreview } from '../schemas.ts';

const LABELS: Readonly<Record<string, string>> = {
  answers: 'answers',
  feedback: 'votes and signals',
  corrections: 'of them corrections',
  sessions: 'sessions',
  questions: 'questions only they asked',
  exposures_renamed: 'experiments, kept as nobody',
  datasets: 'datasets rewritten',
  examples: 'examples taken out',
  held_out: 'held-out questions taken out',
  pairs: 'pairs taken out',
  models_flagged: 'models flagged',
};

const STATES: Readonly<Record<string, string>> = {
  requested: 'requested',
  rewriting: 'gone from the record; datasets are being rewritten',
  complete: 'complete',
};

function countFacts(counts: Readonly<Record<string, number>>): [string, Cell][] {
  const known = Object.keys(LABELS).filter((name) => counts[name] !== undefined);
  return known.map((name) => [LABELS[name] ?? name, counts[name]]);
}

export function previewPage(visitorId: string, preview: ErasurePreview): string {
  return page(
    section(
      `Would go with ${visitorId}`,
      facts([
        ...countFacts(preview.counts),
        ['datasets', preview.datasets.join(', ')],
        ['models to be flagged', preview.models.join(', ')],
      ]),
    ),
    preview.erased_before ? 'This visitor was erased before.' : null,
    'Nothing was taken: leave out --dry-run to erase.',
  );
}

export function erasurePage(erasure: Erasure): string {
  return section(
    `Erasure ${erasure.id}`,
    facts([
      ['state', STATES[erasure.state] ?? erasure.state],
      ['asked', `${instant(erasure.at)} by ${erasure.who}`],
      ['reason', erasure.reason],
      ...countFacts(erasure.counts),
      ...(erasure.problem ? [['waits', erasure.problem] satisfies [string, Cell]] : []),
    ]),
  );
}

export function erasureList(erasures: readonly Erasure[]): string {
  return table(
    [
      { title: 'erasure' },
      { title: 'asked (UTC)' },
      { title: 'by', max: 24 },
      { title: 'state' },
      { title: 'answers', right: true },
      { title: 'datasets', right: true },
      { title: 'models', right: true },
      { title: 'done (UTC)' },
      { title: 'reason or problem' },
    ],
    erasures.map((one) => [
      one.id,
      minute(one.at),
      one.who,
      one.state,
      one.counts.answers,
      one.counts.datasets ?? 0,
      one.counts.models_flagged ?? 0,
      minute(one.completed_at),
      one.problem ?? one.reason,
    ]),
    'Nobody was erased.',
  );
}
