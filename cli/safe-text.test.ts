/**
 * No text of strangers can command a terminal or fake a line, and widths are columns.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { facts, table } from './layout.ts';
import { cutTo, displayWidth, neutralise, oneLine, safeJson, wrap } from './safe-text.ts';

const DANGEROUS = /[\p{Cc}\p{Zl}\p{Zp}\p{Cs}\u202a-\u202e\u2066-\u2069]/u;
const hostile = fc.string({ unit: 'binary', maxLength: 200 });

describe('what strangers wrote', () => {
  it('shows terminal commands as their codes', () => {
    expect(neutralise('\u001b]0;owned\u0007\u009b2J\r\u007f')).toBe(
      '\\u{1b}]0;owned\\u{7}\\u{9b}2J\\u{d}\\u{7f}',
    );
  });

  it('shows marks that turn the reading direction or hide text', () => {
    expect(neutralise('a\u202eb\u200bc\u{e0041}')).toBe('a\\u{202e}b\\u{200b}c\\u{e0041}');
  });

  it('leaves people’s languages and emoji alone', () => {
    for (const text of ['naïve café', '日本語', 'می‌خواهم', '👩‍👩‍👧‍👦 ok', 'e\u0301']) {
      expect(neutralise(text)).toBe(text);
    }
  });

  it('bounds stacked marks', () => {
    expect(neutralise(`a${'\u0301'.repeat(50)}`)).toBe(`a${'\u0301'.repeat(4)}…`);
  });

  it('never lets a control character through, whatever came', () => {
    fc.assert(
      fc.property(hostile, (text) => {
        expect(oneLine(text)).not.toMatch(DANGEROUS);
        expect(neutralise(text).replaceAll('\n', '')).not.toMatch(DANGEROUS);
        expect(wrap(text, 20).join('')).not.toMatch(DANGEROUS);
        expect(table([{ title: 't' }], [[text]], '').split('\n')).toHaveLength(2);
      }),
    );
  });

  it('cannot start a line of its own in a list of facts', () => {
    const lines = facts([['note', 'x\nstatus  accepted']]).split('\n');
    expect(lines).toEqual(['  note  x', '        status  accepted']);
  });

  it('keeps its value in JSON while no raw control byte goes out', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 80 }), (text) => {
        const json = safeJson({ text });
        expect(JSON.parse(json)).toEqual({ text });
        expect(json.replaceAll('\n', '')).not.toMatch(DANGEROUS);
      }),
    );
    expect(safeJson('\u009b')).toBe('"\\u009b"');
  });
});

describe('measuring', () => {
  it('counts columns, not characters', () => {
    expect(displayWidth('abc')).toBe(3);
    expect(displayWidth('日本')).toBe(4);
    expect(displayWidth('e\u0301')).toBe(1);
    expect(displayWidth('👩‍👩‍👧‍👦')).toBe(2);
  });

  it('cuts to a width and says so', () => {
    expect(cutTo('abcdef', 4)).toBe('abc…');
    expect(cutTo('abcd', 4)).toBe('abcd');
    expect(cutTo('日本語', 4)).toBe('日…');
  });

  it('wraps at spaces and chops what has none', () => {
    expect(wrap('one two three', 7)).toEqual(['one two', 'three']);
    expect(wrap('abcdefgh', 3)).toEqual(['abc', 'def', 'gh']);
    expect(wrap('', 3)).toEqual(['']);
  });
});
