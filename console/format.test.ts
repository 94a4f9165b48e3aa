// Numbers and times as an operator reads them, and dashes for what is missing.
import { describe, expect, it } from 'vitest';
import {
  ago,
  basisPoints,
  count,
  counted,
  DASH,
  day,
  decimal,
  duration,
  moment,
  percent,
  seconds,
  shortHash,
  signed,
  words,
} from './format.ts';

const NOW = '2026-10-18T12:00:00.000Z';

describe('numbers', () => {
  it('draws what is missing as a dash, never as zero', () => {
    for (const value of [null, undefined, Number.NaN]) {
      expect([count(value), percent(value), decimal(value), signed(value)]).toEqual(
        Array(4).fill(DASH),
      );
    }
    expect(count(0)).toBe('0');
    expect(basisPoints(null)).toBe(DASH);
  });
  it('groups thousands and says one in the singular', () => {
    expect(counted(1234, 'answer')).toBe('1,234 answers');
    expect(counted(1, 'answer')).toBe('1 answer');
    expect(counted(0, 'reply', 'replies')).toBe('0 replies');
  });
  it('shows a decimal of a per cent only where it tells something', () => {
    expect([percent(0.1), percent(0.025), percent(0.4567), percent(1), percent(0)]).toEqual([
      '10 %',
      '2.5 %',
      '46 %',
      '100 %',
      '0 %',
    ]);
    expect(basisPoints(1000)).toBe('10 %');
  });
  it('signs changes with a real minus and does not sign nothing', () => {
    expect([signed(-0.1204), signed(0.03), signed(-0.0001)]).toEqual(['−0.120', '+0.030', '0.000']);
  });
});

describe('times', () => {
  it('counts from the server clock, in the largest unit that fits', () => {
    expect(ago('2026-10-18T11:59:58Z', NOW)).toBe('just now');
    expect(ago('2026-10-18T11:59:00Z', NOW)).toBe('60 s ago');
    expect(ago('2026-10-18T09:00:00Z', NOW)).toBe('3 h ago');
    expect(ago('2026-10-11T12:00:00Z', NOW)).toBe('7 days ago');
    expect(ago('2026-10-18T12:10:00Z', NOW)).toBe('in 10 min');
    expect(ago(null, NOW)).toBe(DASH);
    expect(duration(89)).toBe('89 s');
  });
  it('tells short times in seconds, to a tenth where that tells something', () => {
    expect([seconds(0), seconds(210), seconds(9_940), seconds(14_400), seconds(null)]).toEqual([
      '0.0 s',
      '0.2 s',
      '9.9 s',
      '14 s',
      DASH,
    ]);
  });
  it('writes moments in UTC', () => {
    expect(moment('2026-10-18T02:00:00Z')).toBe('Sun 18 Oct, 02:00 UTC');
    expect(moment('nonsense')).toBe(DASH);
    expect(day('2026-10-18T23:59:00Z')).toBe('2026-10-18');
  });
});

describe('names', () => {
  it('reads codes as words and shortens hashes', () => {
    expect(words('factual_error')).toBe('factual error');
    expect(words('')).toBe(DASH);
    expect(shortHash('0123456789abcdef')).toBe('0123456789');
  });
});
