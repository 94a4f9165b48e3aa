/**
 * The one shape of a doctor's check, and short ways to write each result. Pure.
 */
export type Check = {
  readonly name: string;
  readonly result: 'pass' | 'fail' | 'skip';
  readonly found: string;
  /** What to do about it; null unless it failed. */
  readonly todo: string | null;
};

export function pass(name: string, found: string): Check {
  return { name, result: 'pass', found, todo: null };
}

export function fail(name: string, found: string, todo: string): Check {
  return { name, result: 'fail', found, todo };
}

/** Not a verdict: something else has to be mended first, or there is nothing to look at yet. */
export function skip(name: string, found: string): Check {
  return { name, result: 'skip', found, todo: null };
}
