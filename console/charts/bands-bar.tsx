// Counts by quality as one bar with a legend. Each band has its own pattern, so that the bar reads
// without colour; the legend carries the numbers.
import { useId } from 'react';
import { count, percent } from '../format.ts';
import { partsOf } from './scale.ts';

const ORDER = ['excellent', 'good', 'acceptable', 'neutral', 'below', 'poor'];
const FILLS: Record<string, string> = {
  excellent: 'solid',
  good: 'dense',
  acceptable: 'hatch',
  neutral: 'dots',
  below: 'dots',
  poor: 'open',
};

interface Props {
  bands: Record<string, number>;
  label: string;
  /** Leaves the shares out of the legend, where there is little room. */
  compact?: boolean;
}

export function BandsBar({ bands, label, compact = false }: Props) {
  const id = useId();
  const known = ORDER.flatMap((name) => {
    const value = bands[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  const parts = partsOf(known);
  if (parts.length === 0) return <p className="quiet">No answer could be scored yet.</p>;
  return (
    <figure className={compact ? 'bands compact' : 'bands'}>
      <svg width="100%" height="18" role="img" aria-label={label}>
        <Patterns id={id} />
        {parts.map((part) => (
          <rect
            key={part.name}
            x={`${part.start}%`}
            width={`${part.width}%`}
            height="18"
            className="band"
            fill={`url(#${id}${FILLS[part.name] ?? 'open'})`}
          />
        ))}
      </svg>
      <figcaption>
        {parts.map((part) => (
          <span key={part.name} className={part.count === 0 ? 'quiet' : undefined}>
            <svg width="12" height="12" aria-hidden="true">
              <rect
                width="12"
                height="12"
                className="band"
                fill={`url(#${id}${FILLS[part.name] ?? 'open'})`}
              />
            </svg>
            {part.name} {count(part.count)}
            {compact ? '' : ` (${percent(part.width / 100)})`}
          </span>
        ))}
      </figcaption>
    </figure>
  );
}

function Patterns({ id }: { id: string }) {
  const of = (name: string) => ({ id: id + name, patternUnits: 'userSpaceOnUse' as const });
  return (
    <defs>
      <pattern {...of('solid')} width="4" height="4">
        <rect width="4" height="4" className="ink" />
      </pattern>
      <pattern {...of('dense')} width="4" height="4" patternTransform="rotate(45)">
        <rect width="4" height="4" className="tint" />
        <rect width="2.5" height="4" className="ink" />
      </pattern>
      <pattern {...of('hatch')} width="7" height="7" patternTransform="rotate(45)">
        <rect width="7" height="7" className="tint" />
        <rect width="1.5" height="7" className="ink" />
      </pattern>
      <pattern {...of('dots')} width="6" height="6">
        <rect width="6" height="6" className="paper" />
        <circle cx="3" cy="3" r="1" className="ink" />
      </pattern>
      <pattern {...of('open')} width="4" height="4">
        <rect width="4" height="4" className="paper" />
      </pattern>
    </defs>
  );
}
