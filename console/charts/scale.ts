// The arithmetic of the drawings: where a value lies, and what its line or bar looks like. Pure.

/** Maps `from` linearly onto `to`; a span of nothing maps to the middle. */
export function scale(from: [number, number], to: [number, number]): (value: number) => number {
  const span = from[1] - from[0];
  if (span === 0) return () => (to[0] + to[1]) / 2;
  return (value) => to[0] + ((value - from[0]) / span) * (to[1] - to[0]);
}

/** A range around zero that holds all values, with a little air: zero is drawn in the middle. */
export function rangeAroundZero(values: readonly number[]): [number, number] {
  const far = Math.max(0, ...values.map(Math.abs)) * 1.12 || 1;
  return [-far, far];
}

export type Point = readonly [x: number, y: number];

/** An SVG path through the points, low values at the bottom of a `width` by `height` box. */
export function linePath(points: readonly Point[], width: number, height: number): string {
  if (points.length === 0) return '';
  const xs = points.map(([x]) => x);
  const ys = points.map(([, y]) => y);
  const x = scale([Math.min(...xs), Math.max(...xs)], [1, width - 1]);
  const y = scale([Math.min(...ys), Math.max(...ys)], [height - 2, 2]);
  return points
    .map(([px, py], i) => `${i === 0 ? 'M' : 'L'}${x(px).toFixed(1)} ${y(py).toFixed(1)}`)
    .join('');
}

export interface Part {
  name: string;
  count: number;
  /** Left edge and width in per cent of the whole. */
  start: number;
  width: number;
}

/** Counts as adjoining parts of one bar, in the order given; nothing at all gives no parts. */
export function partsOf(counts: readonly (readonly [name: string, count: number])[]): Part[] {
  const total = counts.reduce((sum, [, value]) => sum + value, 0);
  if (total <= 0) return [];
  let start = 0;
  return counts.map(([name, value]) => {
    const width = (value / total) * 100;
    const part = { name, count: value, start, width };
    start += width;
    return part;
  });
}
