/**
 * Model versions for people: a list and one in full. Called by the model and lineage commands. Pure.
 * What was not measured is not shown: an empty row would read as a result.
 */
import { bytes, type Cell, facts, instant, minute, page, section, table } from '../layout.ts';
import type { Model } from '../schemas.ts';
import { measurements, reading } from './measurements.ts';

export function modelList(models: readonly Model[]): string {
  return table(
    [
      { title: 'model', max: 48 },
      { title: 'version' },
      { title: 'stage' },
      { title: 'base' },
      { title: 'parent' },
      { title: 'dataset', max: 48 },
      { title: 'created (UTC)' },
    ],
    models.map((model) => [
      model.id,
      model.display,
      stageText(model),
      model.base,
      model.parent,
      model.dataset_id,
      minute(model.created_at),
    ]),
    'No models yet.',
  );
}

export function modelPage(model: Model): string {
  return page(
    modelSection(model),
    metricsTable(model.metrics),
    section(
      model.artifacts_pruned_at
        ? `Files, pruned on ${instant(model.artifacts_pruned_at)}`
        : 'Files',
      table(
        [{ title: 'name' }, { title: 'size', right: true }, { title: 'sha256', max: 64 }],
        model.artifacts.map((file) => [file.name, bytes(file.bytes), file.sha256]),
        model.dataset_id
          ? 'None: a refused model is not kept.'
          : 'None: it is the base as it was given.',
      ),
    ),
  );
}

/** With what became of its newest experiment, where it is over. */
const stageText = ({ stage, tried }: Model) =>
  tried?.outcome == null ? stage : `${stage}, tried: ${tried.outcome.replaceAll('_', ' ')}`;

/** What a model is and whether it was good enough; a part of the lineage pages too. */
export function modelSection(model: Model): string {
  const isTrained = model.dataset_id !== null && model.dataset_id !== undefined;
  const trained: [string, Cell][] = [
    ['parent', model.parent],
    ['dataset', model.dataset_id],
    ['verdict', model.reason],
    ...reading(model.metrics),
    ['commit', model.git_commit],
    ...model.flags.map((flag): [string, Cell] => ['flag', `${flag.reason} (${instant(flag.at)})`]),
  ];
  return section(
    `Model ${model.id}`,
    facts([
      ['version', model.display],
      ['stage', stageText(model)],
      ['base', model.base],
      ...(isTrained ? trained : []),
      ['created', instant(model.created_at)],
    ]),
  );
}

/** Hashes of what a model server loads; null where there is nothing to load. */
export function ggufTable(model: Model): string | null {
  const files = model.artifacts.filter(({ name }) => name.endsWith('.gguf'));
  if (files.length === 0) return null;
  return section(
    'GGUF files',
    table(
      [{ title: 'name' }, { title: 'sha256', max: 64 }],
      files.map(({ name, sha256 }) => [name, sha256]),
      '',
    ),
  );
}

function metricsTable(metrics: unknown): string | null {
  const rows = measurements(metrics);
  if (rows.length === 0) return null;
  return section(
    'Measured',
    table(
      [
        { title: 'set' },
        { title: 'examples', right: true },
        { title: 'measure' },
        { title: 'base', right: true },
        { title: 'production', right: true },
        { title: 'candidate', right: true },
      ],
      rows.map((row) => [
        row.set.replaceAll('_', ' '),
        row.examples,
        row.measure,
        row.base,
        row.production,
        row.candidate,
      ]),
      '',
    ),
  );
}
