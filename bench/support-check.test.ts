import { expect, it } from 'vitest';
import measured from '../core/support-check-measured.json' with { type: 'json' };
import { measureSupportCheck, shippedBanks } from '../simulation/planted.ts';

it('the shown recall and false alarms of the deterministic check are those that it has', async () => {
  // Not so? node bench/support-check.ts --write, and another version in core/judging.ts.
  expect(measureSupportCheck(await shippedBanks())).toEqual(measured);
});
