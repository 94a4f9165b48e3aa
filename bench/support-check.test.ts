import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import measured from '../core/support-check-measured.json' with { type: 'json' };
import { measureSupportCheck, shippedBanks } from '../simulation/planted.ts';

it('the shown recall and false alarms of the deterministic check are those that it has', async () => {
  // Not so? node bench/support-check.ts --write, and another version in core/judging.ts.
  expect(measureSupportCheck(await shippedBanks())).toEqual(measured);
});

it('and so are those that the documents tell', async () => {
  const page = await readFile(new URL('../docs/rollouts.md', import.meta.url), 'utf8');
  const { detail, words, honest } = measured;
  expect(page).toContain(`finds ${detail.caught} of ${detail.of} in a number, name or link`);
  expect(page).toContain(`**${words.caught} of ${words.of} in plain words**`);
  expect(page).toContain(`of ${honest.of} honest answers it takes ${honest.flagged || 'none'}`);
});
