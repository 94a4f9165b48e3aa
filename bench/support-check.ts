// What the deterministic check of an answer against its sources catches, and how often it is wrong:
// node bench/support-check.ts
// Sources are a question bank's right answers, three at a time; falsehoods are the bank's wrong
// answers, honest answers the right ones in other frames. Printed by what the falsehood is made of,
// since the check cannot see a claim in plain words.

import { fileURLToPath } from 'node:url';
import { checkSupport } from '../core/support-check.ts';
import { readBank } from '../simulation/bank.ts';

const FRAMES = [
  (text: string) => text,
  (text: string) => `According to the runbook [1], ${text.charAt(0).toLowerCase()}${text.slice(1)}`,
  (text: string) => `1. ${text}\n2. Ask again if it does not help.`,
  (text: string) => text.toUpperCase(),
];

const banks = process.argv.length > 2 ? process.argv.slice(2) : ['sre', 'mini'];
const caught = { detail: [0, 0], words: [0, 0] } satisfies Record<string, [number, number]>;
let alarms = 0;
let honest = 0;

for (const name of banks) {
  const shipped = fileURLToPath(new URL(`../simulation/banks/${name}.json`, import.meta.url));
  const { facts } = await readBank(name.endsWith('.json') ? name : shipped);
  facts.forEach((fact, index) => {
    const near = [fact, ...facts.slice(index + 1, index + 3)];
    const sources = near.map(({ id, topic, answer }) => ({ id, title: topic, text: answer }));
    const question = fact.phrasings[0] ?? '';
    const flagged = (text: string) =>
      (checkSupport(text, sources, question)?.unsupported.length ?? 0) > 0;
    for (const frame of FRAMES) {
      honest += 1;
      if (flagged(frame(fact.answer))) alarms += 1;
    }
    for (const wrong of fact.wrong) {
      // Digits, a code span, a name with a joint: what the check looks for.
      const kind = wrong.key.some((key) => /[\d`_/]|--|[a-z][A-Z]/.test(key)) ? 'detail' : 'words';
      caught[kind][1] += 1;
      if (flagged(wrong.answer)) caught[kind][0] += 1;
    }
  });
}

const percent = (part: number, whole: number) =>
  whole === 0 ? '-' : `${((100 * part) / whole).toFixed(1)} % (${part} of ${whole})`;
console.log(`Banks ${banks.join(', ')}`);
console.log(`falsehoods in a number, name or link caught: ${percent(...caught.detail)}`);
console.log(`falsehoods in plain words caught:            ${percent(...caught.words)}`);
console.log(`honest answers flagged:                      ${percent(alarms, honest)}`);
