// What the deterministic check of an answer against its sources catches, and how often it is wrong:
// node bench/support-check.ts [BANK.json …] [--write]
// --write keeps it in core/support-check-measured.json, which is shown wherever the check's verdicts are.

import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { readBank } from '../simulation/bank.ts';
import { measureSupportCheck, shippedBanks } from '../simulation/planted.ts';

const MEASURED = fileURLToPath(new URL('../core/support-check-measured.json', import.meta.url));

const percent = (part: number, whole: number) =>
  whole === 0 ? '-' : `${((100 * part) / whole).toFixed(1)} % (${part} of ${whole})`;

const given = process.argv.slice(2).filter((word) => word !== '--write');
const read = given.length > 0 ? await Promise.all(given.map(readBank)) : await shippedBanks();
const found = measureSupportCheck(read);
const { banks, detail, words, honest } = found;
console.log(`Banks ${banks.join(', ')}`);
console.log(`falsehoods in a number, name or link caught: ${percent(detail.caught, detail.of)}`);
console.log(`falsehoods in plain words caught:            ${percent(words.caught, words.of)}`);
console.log(`honest answers flagged:                      ${percent(honest.flagged, honest.of)}`);
if (process.argv.includes('--write')) {
  writeFileSync(MEASURED, `${JSON.stringify(found, null, 2)}\n`);
}
