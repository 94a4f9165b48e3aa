// The cases that the Trace Context recommendation names: versions, zero ids, letters, flags.

import { expect, test } from 'vitest';
import { traceOf, traceparent } from './trace.ts';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const SPAN = 'b7ad6b7169203331';
const random = (length: number) => new Uint8Array(length).fill(0xab);

test('goes on with the caller\u2019s trace under a span of its own', () => {
  const trace = traceOf(`00-${TRACE}-${SPAN}-01`, random);
  expect(trace).toEqual({
    traceId: TRACE,
    parentId: SPAN,
    spanId: 'ab'.repeat(8),
    sampled: true,
  });
  expect(traceparent(trace)).toBe(`00-${TRACE}-${'ab'.repeat(8)}-01`);
});

test('keeps the caller\u2019s choice not to sample', () => {
  expect(traceparent(traceOf(`00-${TRACE}-${SPAN}-00`, random))).toMatch(/-00$/);
  expect(traceOf(`00-${TRACE}-${SPAN}-03`, random).sampled).toBe(true);
});

test('reads a later version by the fields it shares with this one', () => {
  expect(traceOf(`cc-${TRACE}-${SPAN}-01-what-comes-later`, random).traceId).toBe(TRACE);
});

test.each([
  ['none', undefined],
  ['an empty one', ''],
  ['version ff', `ff-${TRACE}-${SPAN}-01`],
  ['a zero trace', `00-${'0'.repeat(32)}-${SPAN}-01`],
  ['a zero span', `00-${TRACE}-${'0'.repeat(16)}-01`],
  ['capital letters', `00-${TRACE.toUpperCase()}-${SPAN}-01`],
  ['version 00 with more', `00-${TRACE}-${SPAN}-01-more`],
  ['a text', 'write this into the log'],
])('starts a trace for %s', (_name, header) => {
  const trace = traceOf(header, random);
  expect(trace.traceId).toBe('ab'.repeat(16));
  expect(trace.parentId).toBeUndefined();
});
