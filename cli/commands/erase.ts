/**
 * `bruno erase VISITOR_ID` and `bruno erase list`. Erasing again changes nothing, so a lost answer is
 * simply asked for once more. `--dry-run` shows what would go.
 */
import { parseId, parseText } from '../option-values.ts';
import { argument, type Command, textOption } from '../outcome.ts';
import { erasure, erasurePreview, erasures } from '../schemas.ts';
import { erasureList, erasurePage, previewPage } from '../views/erasure-view.ts';

const PATH = '/admin/erasures';

export const eraseVisitor: Command = async (call) => {
  const { client, options } = call;
  const visitorId = parseId(argument(call, 0), 'VISITOR_ID');
  const reason = parseText(textOption(options, 'reason') ?? '', '--reason');
  const body = { visitor_id: visitorId, reason };
  if (options.has('dry-run')) {
    const request = { path: PATH, body: { ...body, dry_run: true }, repeatable: true };
    const preview = await client.post(request, erasurePreview);
    return { document: preview, text: previewPage(visitorId, preview) };
  }
  const done = await client.post({ path: PATH, body, repeatable: true }, erasure);
  return { document: done, text: erasurePage(done) };
};

export const listErasures: Command = async ({ client }) => {
  const found = await client.get(PATH, erasures);
  return { document: { erasures: found }, text: erasureList(found) };
};
