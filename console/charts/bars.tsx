// The small drawings: how traffic is shared, how far a job is, how its loss went. Each is drawn beside
// the numbers it shows, so the drawings themselves are hidden from screen readers or named.
import { useId } from 'react';
import { basisPoints } from '../format.ts';
import { linePath, type Point } from './scale.ts';

export function ShareBar({ shareBp, candidates }: { shareBp: number; candidates: number }) {
  const striped = shareBp / 100;
  const who = candidates > 1 ? 'candidates' : 'candidate';
  const label =
    candidates === 0
      ? 'Production answers everyone'
      : `Production ${basisPoints(10_000 - shareBp)}, ${who} ${basisPoints(shareBp)}`;
  return <TwoPartBar striped={striped} label={label} />;
}

/** Helpful votes solid, the others striped; nothing at all before the first vote. */
export function VotesBar({ up, down }: { up: number; down: number }) {
  if (up + down === 0) return null;
  const label = `${up} votes for helpful, ${down} for not helpful`;
  return <TwoPartBar striped={(down / (up + down)) * 100} label={label} />;
}

function TwoPartBar({ striped, label }: { striped: number; label: string }) {
  const id = useId();
  return (
    <svg className="share" width="100%" height="16" role="img" aria-label={label}>
      <pattern
        id={`${id}s`}
        width="6"
        height="6"
        patternUnits="userSpaceOnUse"
        patternTransform="rotate(45)"
      >
        <rect width="6" height="6" className="paper" />
        <rect width="3" height="6" className="ink" />
      </pattern>
      <rect width={`${100 - striped}%`} height="16" className="ink" />
      {striped > 0 && (
        <rect
          x={`${100 - striped}%`}
          width={`${striped}%`}
          height="16"
          className="band"
          fill={`url(#${id}s)`}
        />
      )}
    </svg>
  );
}

interface ProgressProps {
  step: number | null;
  total: number | null;
  phase: string;
  testId?: string;
}

export function ProgressBar({ step, total, phase, testId }: ProgressProps) {
  const known = step !== null && total !== null && total > 0;
  return (
    <progress
      data-testid={testId}
      aria-label={`Training, ${phase}`}
      max={known ? total : 1}
      {...(known ? { value: step } : {})}
    >
      {known ? `${step} of ${total}` : phase}
    </progress>
  );
}

export function Sparkline({ points, label }: { points: readonly Point[]; label: string }) {
  if (points.length < 2) return null;
  return (
    <svg
      className="spark"
      viewBox="0 0 160 36"
      preserveAspectRatio="none"
      role="img"
      aria-label={label}
    >
      <path d={linePath(points, 160, 36)} />
    </svg>
  );
}
