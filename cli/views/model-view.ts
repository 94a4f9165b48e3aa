/**
 * Model versions for people: a list and one in full. Pure.
 */
import { facts, instant, minute, page, section, table, tree } from '../layout.ts';
import type { Model } from '../schemas.ts';

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
      model.stage,
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
    section(
      `Model ${model.id}`,
      facts([
        ['version', model.display],
        ['stage', model.stage],
        ['base', model.base],
        ['parent', model.parent],
        ['dataset', model.dataset_id],
        ['commit', model.git_commit],
        ['created', instant(model.created_at)],
      ]),
    ),
    part('Measurements', model.metrics),
    part('Files', model.artifacts),
  );
}

function part(title: string, value: unknown): string | null {
  return value === null || value === undefined ? null : section(title, tree(value));
}
