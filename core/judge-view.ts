// A judge as it is shown: its name, what kind it is, how well it was found to judge and how far it has
// come, with the sentences to print. Whatever shows hallucination shows these. Pure.

import type { Judge } from './judging.ts';
import { ARMS, type Arm } from './statistics/moments.ts';
import type { JudgeView, Measurement, Planted } from './wire/judging.ts';

export interface Tested {
  bank: string;
  kind: Planted['kind'];
  state: 'supported' | 'unsupported' | 'none';
}

export function measurementFrom(judge: string, tested: readonly Tested[]): Measurement {
  const count = (kind: Tested['kind'], state?: Tested['state']) =>
    tested.filter(
      (one) => one.kind === kind && one.state !== 'none' && (state ?? one.state) === one.state,
    ).length;
  const part = (kind: Tested['kind']) => ({ caught: count(kind, 'unsupported'), of: count(kind) });
  return {
    judge,
    banks: [...new Set(tested.map(({ bank }) => bank))].toSorted(),
    detail: part('detail'),
    words: part('words'),
    honest: { flagged: count('honest', 'unsupported'), of: count('honest') },
    no_verdict: tested.filter(({ state }) => state === 'none').length,
  };
}

type SoFar = NonNullable<JudgeView['answers']>;

export interface Shown {
  judge: Judge;
  rate: number;
  measured: Measurement | null;
  answers: SoFar | null;
}

const percentFormat = new Intl.NumberFormat('en-US', { maximumFractionDigits: 1 });
const percent = (share: number) => `${percentFormat.format(share * 100)} %`;
const count = new Intl.NumberFormat('en-US');
const share = (part: number, of: number) =>
  of === 0 ? 'none' : `${percent(part / of)} (${count.format(part)} of ${count.format(of)})`;

export function judgeView({ judge, rate, measured, answers }: Shown): JudgeView {
  const { name, model } = judge;
  return {
    name,
    kind: model === null ? 'deterministic' : 'model',
    model,
    rate,
    measured,
    answers,
    says: [
      whoSays(judge),
      measured === null ? NOT_MEASURED : measuredSays(measured),
      ...(answers === null
        ? [`${percent(rate)} of an experiment's answers are judged, as many in each arm.`]
        : [answersSay(answers, rate)]),
    ],
  };
}

const whoSays = ({ name, model }: Judge) =>
  model === null
    ? `${name} is a deterministic check, not a judge of claims: it looks up each number, name and link of an answer in its sources and its question.`
    : `${name}: the model ${model} is asked what of an answer its sources do not support.`;

const NOT_MEASURED =
  'How many falsehoods it finds was not measured (bruno judge measure measures it).';

function measuredSays({ detail, words, honest, no_verdict: none }: Measurement): string {
  const caught = share(detail.caught + words.caught, detail.of + words.of);
  const parts = `in numbers, names and links ${share(detail.caught, detail.of)}, in plain words ${share(words.caught, words.of)}`;
  const silent = none === 0 ? '' : `; no verdict on ${count.format(none)}`;
  return `Of planted falsehoods it finds ${caught}: ${parts}. Of honest answers it takes ${share(honest.flagged, honest.of)} for false${silent}.`;
}

function answersSay(answers: SoFar, rate: number): string {
  const total = (of: keyof SoFar['control']) => answers.control[of] + answers.treatment[of];
  const queue = [
    ...(total('waiting') > 0 ? [`${count.format(total('waiting'))} wait for the judge`] : []),
    ...(total('no_verdict') > 0 ? [`on ${count.format(total('no_verdict'))} it gave none`] : []),
  ];
  const rest = queue.length > 0 ? `; ${queue.join(', ')}` : '';
  if (total('judged') === 0) {
    return `No answer with sources was judged yet${rest}: hallucination is not measured, so it is waived.`;
  }
  const judged = ARMS.map((arm: Arm) => `${count.format(answers[arm].judged)} in ${arm}`);
  const missing = ARMS.find((arm) => answers[arm].judged === 0);
  const holds = missing === undefined ? '' : ` Until some are in ${missing}, hallucination holds.`;
  return `Of ${percent(rate)} of the answers, verdicts: ${judged.join(', ')}${rest}.${holds}`;
}
