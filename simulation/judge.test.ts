import { describe, expect, it } from 'vitest';
import golden from './judge.golden.json' with { type: 'json' };
import { judge } from './judge.ts';

describe('judging an answer', () => {
  it.each(golden)('calls "$text" $judgement for key $key', ({ key, wrong, text, judgement }) => {
    expect(judge({ key, wrong: [{ key: wrong }] }, text)).toBe(judgement);
  });
});
