// That the text is what a strict reader reads back, and that the reader is strict.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { exposition, FAMILIES, type Sample } from './metrics.ts';
import { readExposition } from './testing/exposition.ts';

const bucket = (model: string, le: string, value: number): Sample => ({
  metric: 'answer_first_token_seconds_bucket',
  labels: { model_version: model, le },
  value,
});

test('every family is named with its type, though nothing was counted yet', () => {
  const families = readExposition(exposition([]));
  expect([...families.keys()]).toEqual(FAMILIES.map(({ name }) => name));
  expect(families.get('answers_total')).toMatchObject({ type: 'counter', samples: [] });
});

test('a histogram has every bound, cumulative, and its own sum and count', () => {
  const families = readExposition(
    exposition([
      bucket('m1', '0.1', 2),
      bucket('m1', '1', 3),
      bucket('m1', '+Inf', 1),
      bucket('m2', '30', 4),
      { metric: 'answer_first_token_seconds_sum', labels: { model_version: 'm1' }, value: 60.5 },
    ]),
  );
  const samples = families.get('answer_first_token_seconds')?.samples ?? [];
  const m1 = samples.filter(({ labels }) => labels.model_version === 'm1');
  expect(
    Object.fromEntries(m1.map(({ name, labels, value }) => [labels.le ?? name, value])),
  ).toEqual({
    '0.05': 0,
    '0.1': 2,
    '0.25': 2,
    '0.5': 2,
    '1': 5,
    '2': 5,
    '4': 5,
    '8': 5,
    '15': 5,
    '30': 5,
    '+Inf': 6,
    answer_first_token_seconds_sum: 60.5,
    answer_first_token_seconds_count: 6,
  });
  expect(samples).toHaveLength(26);
});

test('any label text comes back as it went in', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (model) => {
      const text = exposition([
        { metric: 'answers_total', labels: { model_version: model, status: 'complete' }, value: 1 },
      ]);
      expect(readExposition(text).get('answers_total')?.samples[0]?.labels.model_version).toBe(
        model,
      );
    }),
  );
});

test('a sample of no known family is a fault, not a line', () => {
  expect(() => exposition([{ metric: 'nobody_knows', labels: {}, value: 1 }])).toThrow(
    'nobody_knows',
  );
});

describe('the reader refuses', () => {
  const head = '# HELP a_total h\n# TYPE a_total counter\n';
  const tail = '# HELP h x\n# TYPE h histogram\n';
  test.each([
    ['a last line without an end', `${head}a_total 1`],
    ['a type that is none', '# HELP a h\n# TYPE a meter\n'],
    ['a sample without its family', 'a_total 1\n'],
    ['a sample of another family', `${head}b_total 1\n`],
    ['the same series twice', `${head}a_total{x="1"} 1\na_total{x="1"} 2\n`],
    ['an escape that is none', `${head}a_total{x="\\d"} 1\n`],
    ['a label without quotes', `${head}a_total{x=1} 1\n`],
    ['labels without a comma', `${head}a_total{x="1"y="2"} 1\n`],
    ['a value that is none', `${head}a_total one\n`],
    ['a counter below zero', `${head}a_total -1\n`],
    ['a counter that is no _total', '# HELP a h\n# TYPE a counter\na 1\n'],
    ['a histogram without +Inf', `${tail}h_bucket{le="1"} 1\nh_sum 1\nh_count 1\n`],
    [
      'buckets that shrink',
      `${tail}h_bucket{le="1"} 2\nh_bucket{le="+Inf"} 1\nh_sum 1\nh_count 1\n`,
    ],
    ['a count beside its +Inf', `${tail}h_bucket{le="+Inf"} 1\nh_sum 1\nh_count 2\n`],
  ])('%s', (_name, text) => {
    expect(() => readExposition(text)).toThrow(SyntaxError);
  });
});
