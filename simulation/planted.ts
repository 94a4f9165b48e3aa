// Planted falsehoods and honest answers, from a question bank: what a judge of answers is measured with.
// Sources are right answers, three at a time; falsehoods the bank's wrong answers, honest answers the
// right ones in other frames. By what a falsehood is made of, since no check sees all kinds alike.

import { fileURLToPath } from 'node:url';
import { measurementFrom } from '../core/judge-view.ts';
import { SUPPORT_CHECK } from '../core/judging.ts';
import { checkSupport } from '../core/support-check.ts';
import type { Measurement, Planted } from '../core/wire/judging.ts';
import { type Bank, readBank } from './bank.ts';

const SHIPPED = ['mini', 'sre'];

export const shippedBanks = (): Promise<Bank[]> =>
  Promise.all(
    SHIPPED.map((name) => readBank(fileURLToPath(new URL(`banks/${name}.json`, import.meta.url)))),
  );

const FRAMES = [
  (text: string) => text,
  (text: string) => `According to the runbook [1], ${text.charAt(0).toLowerCase()}${text.slice(1)}`,
  (text: string) => `1. ${text}\n2. Ask again if it does not help.`,
  (text: string) => text.toUpperCase(),
];

/** Digits, a code span, a name with a joint: what can be looked up. */
const isDetail = (key: readonly string[]) => key.some((word) => /[\d`_/]|--|[a-z][A-Z]/.test(word));

export function plantedOf({ name: bank, facts }: Bank): Planted[] {
  return facts.flatMap((fact, index): Planted[] => {
    const near = [fact, ...facts.slice(index + 1, index + 3)];
    const sources = near.map(({ id, topic, answer }) => ({ id, title: topic, text: answer }));
    const shared = { bank, question: fact.phrasings[0] ?? fact.topic, sources };
    return [
      ...FRAMES.map(
        (frame): Planted => ({ ...shared, kind: 'honest', answer: frame(fact.answer) }),
      ),
      ...fact.wrong.map(
        ({ answer, key }): Planted => ({
          ...shared,
          kind: isDetail(key) ? 'detail' : 'words',
          answer,
        }),
      ),
    ];
  });
}

/** At most `most` of each kind, evenly over the banks and the same every time. */
export function sampleOf(all: readonly Planted[], most: number): Planted[] {
  return [...Map.groupBy(all, ({ kind }) => kind).values()].flatMap((kind) => {
    const step = Math.max(1, kind.length / most);
    return Array.from(
      { length: Math.min(most, kind.length) },
      (_, index) => kind[Math.floor(index * step)],
    ).filter((one) => one !== undefined);
  });
}

export function measureSupportCheck(banks: readonly Bank[]): Measurement {
  const tested = banks.flatMap(plantedOf).map(({ bank, kind, question, answer, sources }) => {
    const found = checkSupport(answer, sources, question)?.unsupported ?? [];
    return { bank, kind, state: found.length > 0 ? 'unsupported' : 'supported' } as const;
  });
  return measurementFrom(SUPPORT_CHECK, tested);
}
