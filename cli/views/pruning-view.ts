/**
 * Which models lose their files, for people. Pure.
 */
import { bytes, instant, minute, number, page, table } from '../layout.ts';
import type { Pruned, PruningPlan } from '../learning-schemas.ts';

export function pruningPage({ automatic, keep_last, keep_days, models }: PruningPlan): string {
  const going = models.filter(({ kept }) => kept === null);
  const size = going.reduce((sum, model) => sum + model.bytes, 0);
  const rule = `The newest ${number(keep_last)} keep their files, and those younger than ${number(keep_days)} days, and what anything needs.`;
  const who = automatic
    ? 'A sweep prunes the others by itself.'
    : 'The others lose theirs by `bruno model prune` only.';
  return page(
    `${rule} ${who}`,
    table(
      [
        { title: 'model', max: 48 },
        { title: 'created (UTC)' },
        { title: 'files', right: true },
        { title: 'keeps them' },
      ],
      models.map((model) => [
        model.model_id,
        minute(model.created_at),
        bytes(model.bytes),
        model.kept ?? 'no',
      ]),
      'No model has files.',
    ),
    going.length === 0
      ? 'Nothing is to be pruned.'
      : `${number(going.length)} to be pruned, ${bytes(size)}.`,
  );
}

export function prunedPage({ pruned, deleted_from }: Pruned): string {
  if (pruned.length === 0) return 'Nothing is to be pruned.';
  return page(
    `Pruned: ${pruned.join(', ')}.`,
    `Nothing may use them from now on. Their files are deleted from ${instant(deleted_from)} on, unless something had just taken one up. Rows and manifests stay.`,
  );
}
