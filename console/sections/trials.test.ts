// Candidates under trial as the page reads them.
import { expect, it } from 'vitest';
import { answeredBp, freeSlices, shareText, trialsOf, triedBp } from './trials.ts';

const none = { production: 'tiny', candidate: null, share_bp: 0, version: 0 };
const one = (candidate: string, share_bp: number, from_bp: number, to_bp: number) => ({
  id: `exp-${candidate}`,
  candidate,
  share_bp,
  from_bp,
  to_bp,
});

it('reads a table of an older server, which knew one candidate and everyone', () => {
  expect(trialsOf(none)).toEqual([]);
  const [trial] = trialsOf({ ...none, candidate: 'a', share_bp: 2500 });
  expect(trial).toEqual({ id: null, candidate: 'a', shareBp: 2500, sliceBp: 10_000 });
  expect(trial && shareText(trial)).toBe('25 %');
});

it('knows settings that are tried by their name', () => {
  const settings = { id: 'settings-0123456789ab', name: 'one sentence' };
  const experiments = [{ ...one(settings.id, 5000, 0, 10_000), settings }];
  expect(trialsOf({ ...none, experiments })).toMatchObject([{ settings: 'one sentence' }]);
});

it('counts a share of a slice as less of everyone', () => {
  const trials = trialsOf({
    ...none,
    experiments: [one('a', 5000, 0, 2000), one('b', 1000, 2000, 10_000)],
  });
  expect(trials.map(answeredBp)).toEqual([1000, 800]);
  expect(triedBp(trials)).toBe(1800);
  expect(trials.map(shareText)).toEqual(['50 % of a slice of 20 %', '10 % of a slice of 80 %']);
});

it('offers slices that are free, everyone only when nothing runs, and none beside three', () => {
  const slices = (...widths: number[]) =>
    freeSlices(widths.map((sliceBp) => ({ id: null, candidate: 'a', shareBp: 1000, sliceBp })));
  expect(slices()).toEqual([10_000, 5000, 2500]);
  expect(slices(10_000)).toEqual([]);
  expect(slices(6000)).toEqual([2500, 1000]);
  expect(slices(1000, 1000, 1000)).toEqual([]);
});
