import { describe, expect, it } from 'vitest';
import { judgeView, measurementFrom, type Tested } from './judge-view.ts';
import { judgeOf } from './judging.ts';

const times = (count: number, one: Omit<Tested, 'bank'>, bank = 'sre'): Tested[] =>
  Array.from({ length: count }, () => ({ ...one, bank }));
const tested = [
  ...times(8, { kind: 'detail', state: 'unsupported' }),
  ...times(2, { kind: 'detail', state: 'supported' }, 'mini'),
  ...times(1, { kind: 'words', state: 'unsupported' }),
  ...times(9, { kind: 'words', state: 'supported' }),
  ...times(1, { kind: 'honest', state: 'unsupported' }),
  ...times(39, { kind: 'honest', state: 'supported' }),
  ...times(3, { kind: 'honest', state: 'none' }),
];
const arm = (judged: number, waiting = 0, no_verdict = 0) => ({ judged, waiting, no_verdict });
const check = { judge: judgeOf({ rate: 0.1, model: null }), rate: 0.1 };

describe('a measurement', () => {
  it('counts by kind, and where there was no verdict beside', () => {
    expect(measurementFrom('j', tested)).toEqual({
      judge: 'j',
      banks: ['mini', 'sre'],
      detail: { caught: 8, of: 10 },
      words: { caught: 1, of: 10 },
      honest: { flagged: 1, of: 40 },
      no_verdict: 3,
    });
  });
});

describe('a judge as it is shown', () => {
  it('names the deterministic check as one, with what it finds and what it takes for false', () => {
    const view = judgeView({ ...check, measured: measurementFrom('j', tested), answers: null });
    expect(view.kind).toBe('deterministic');
    expect(view.says).toEqual([
      'support-check/1 is a deterministic check, not a judge of claims: it looks up each number, name and link of an answer in its sources and its question.',
      'Of planted falsehoods it finds 45 % (9 of 20): in numbers, names and links 80 % (8 of 10), in plain words 10 % (1 of 10). Of honest answers it takes 2.5 % (1 of 40) for false; no verdict on 3.',
      "10 % of an experiment's answers are judged, as many in each arm.",
    ]);
  });

  it('says that a model was not measured where it was not', () => {
    const judge = judgeOf({ rate: 0.1, model: 'llama3.1:8b' });
    const { kind, measured, says } = judgeView({ judge, rate: 0.1, measured: null, answers: null });
    expect([kind, measured]).toEqual(['model', null]);
    expect(says.slice(0, 2)).toEqual([
      'llama3.1:8b/prompt-1: the model llama3.1:8b is asked what of an answer its sources do not support.',
      'How many falsehoods it finds was not measured (bruno judge measure measures it).',
    ]);
  });

  it.each([
    [
      { control: arm(0), treatment: arm(0) },
      'No answer with sources was judged yet: hallucination is not measured, so it is waived.',
    ],
    [
      { control: arm(0, 2), treatment: arm(0, 1, 1) },
      'No answer with sources was judged yet; 3 wait for the judge, on 1 it gave none: hallucination is not measured, so it is waived.',
    ],
    [
      { control: arm(50), treatment: arm(1_200, 0, 4) },
      'Of 10 % of the answers, verdicts: 50 in control, 1,200 in treatment; on 4 it gave none.',
    ],
    [
      { control: arm(50), treatment: arm(0, 7) },
      'Of 10 % of the answers, verdicts: 50 in control, 0 in treatment; 7 wait for the judge. Until some are in treatment, hallucination holds.',
    ],
  ])('says how far it has come %#', (answers, sentence) => {
    expect(judgeView({ ...check, measured: null, answers }).says.at(-1)).toBe(sentence);
  });
});
