// A change in held-out loss with its confidence interval, drawn around zero. Left of zero is better.
// The words beside it say the same, for those who cannot see the drawing.
import { decimal, percent, signed } from '../format.ts';
import type { HeldOut } from './metrics.ts';
import { scale } from './scale.ts';

const NAMES = {
  phrasings: 'Taught questions, asked differently',
  groups: 'Questions it was never taught',
} as const;

interface Props {
  result: HeldOut;
  /** One scale for all rows of a model, so that their zero lines stand below each other. */
  range: [number, number];
}

export function HeldOutRow({ result, range }: Props) {
  const { change } = result;
  return (
    <div className="held-out">
      <p>
        <strong>{NAMES[result.set]}</strong>
      </p>
      <p className="quiet">
        loss {decimal(result.before)} → {decimal(result.after)}
        {result.factsAfter !== null && (
          <>
            {' · key facts '}
            {percent(result.factsBefore)} → {percent(result.factsAfter)}
          </>
        )}
      </p>
      {change !== null && (
        <>
          <Interval
            range={range}
            lower={change.lower}
            middle={change.difference}
            upper={change.upper}
          />
          <p className="quiet">
            {signed(change.difference)} nats, between {signed(change.lower)} and{' '}
            {signed(change.upper)}: {verdictOf(change)}
            {typeof change.examples === 'number' && ` (${change.examples} examples)`}
          </p>
        </>
      )}
    </div>
  );
}

export function verdictOf({ lower, upper }: { lower: number; upper: number }): string {
  if (upper < 0) return 'better';
  if (lower > 0) return 'worse';
  return 'no clear change';
}

interface IntervalProps {
  range: [number, number];
  lower: number;
  middle: number;
  upper: number;
}

export function Interval(props: IntervalProps) {
  const x = scale(props.range, [0, 100]);
  const at = (value: number) => `${x(value).toFixed(2)}%`;
  return (
    <svg className="interval" width="100%" height="26" aria-hidden="true">
      <line x1="0" x2="100%" y1="13" y2="13" className="axis" />
      <line x1={at(0)} x2={at(0)} y1="2" y2="24" className="zero" />
      <line x1={at(props.lower)} x2={at(props.upper)} y1="13" y2="13" className="span" />
      <line x1={at(props.lower)} x2={at(props.lower)} y1="8" y2="18" className="span" />
      <line x1={at(props.upper)} x2={at(props.upper)} y1="8" y2="18" className="span" />
      <circle cx={at(props.middle)} cy="13" r="4.5" className="dot" />
    </svg>
  );
}
