// A difference over time with its confidence sequence, against no difference and what is tolerated. Line
// styles, hatching and names carry the meaning; the table below says the same in numbers.
import { type ReactNode, useId } from 'react';
import type { Look } from '../api/experiment-schema.ts';
import { change, changeRange } from '../experiment/words.ts';
import { count, moment, percent } from '../format.ts';
import { SEQUENCE_WIDTH, type Sequence, sampled, sequenceOf } from './sequence.ts';

const HEIGHT = 190;
const TABLE_ROWS = 24;
const TIME = new Intl.DateTimeFormat('en-GB', {
  day: 'numeric',
  month: 'short',
  hour: '2-digit',
  minute: '2-digit',
  timeZone: 'UTC',
});
/** A name needs so much, in pixels. */
const ROOM = 16;

interface Props {
  looks: readonly Look[];
  harmIs: 'more' | 'less';
  /** On the scale of the newest look. */
  ceiling: number | null;
  name: string;
}

export function SequenceChart({ looks, harmIs, ceiling, name }: Props) {
  const drawn = sequenceOf(
    looks.map((look) => ({ ...look, atMs: Date.parse(look.at) })),
    { harmIs, ceiling, height: HEIGHT },
  );
  const newest = looks.at(-1);
  if (drawn === null || newest === undefined) {
    return <p className="quiet">It is drawn over time from its second look on.</p>;
  }
  return (
    <figure className="sequence" data-testid="sequence">
      <p className="sequence-row" aria-hidden="true">
        <span>difference over time</span>
        <span>{harmIs === 'more' ? 'up is worse ↑' : 'down is worse ↓'}</span>
      </p>
      <Plot drawn={drawn} newest={newest} label={labelOf(name, looks)} />
      <p className="sequence-row" aria-hidden="true">
        <span>{TIME.format(drawn.fromMs)}</span>
        <span>{TIME.format(drawn.toMs)} UTC</span>
      </p>
      {drawn.isShortened && (
        <p className="quiet">
          Looks from before both arms had an event are counted in points, and are in the table only.
        </p>
      )}
      <LooksTable looks={sampled(looks, TABLE_ROWS)} name={name} />
    </figure>
  );
}

function labelOf(name: string, looks: readonly Look[]): string {
  const told = (look: Look) => `${change(look.scale, look.estimate)}, ${changeRange(look)}`;
  const [first] = looks;
  const newest = looks.at(-1);
  if (first === undefined || newest === undefined) return name;
  const limit = change(newest.scale, newest.tolerated);
  return `${name}, difference over time: at first ${told(first)}; now ${told(newest)}; tolerated is ${limit}.`;
}

function Plot({ drawn, newest, label }: { drawn: Sequence; newest: Look; label: string }) {
  const id = useId();
  const { zero, toleratedNow, ceiling, ticks, changes } = drawn;
  const { scale } = newest;
  return (
    <svg className="plot" width="100%" height={HEIGHT} role="img" aria-label={label}>
      <svg
        width="100%"
        height={HEIGHT}
        viewBox={`0 0 ${SEQUENCE_WIDTH} ${HEIGHT}`}
        preserveAspectRatio="none"
        aria-hidden="true"
      >
        <pattern id={`${id}h`} width="8" height="5" patternUnits="userSpaceOnUse">
          <rect width="8" height="1" className="hatch" />
        </pattern>
        {ticks.map(({ value, y }) => (
          <line key={value} x1="0" x2={SEQUENCE_WIDTH} y1={y} y2={y} className="grid" />
        ))}
        <path d={drawn.band} className="sure" />
        <path d={drawn.harmful} fill={`url(#${id}h)`} />
        <path d={drawn.lowerEdge} className="edge" />
        <path d={drawn.upperEdge} className="edge" />
        <line x1="0" x2={SEQUENCE_WIDTH} y1={zero.y} y2={zero.y} className="zero" />
        <path d={drawn.tolerated} className="tolerated" />
        {ceiling !== null && (
          <line x1="0" x2={SEQUENCE_WIDTH} y1={ceiling.y} y2={ceiling.y} className="ceiling" />
        )}
        <path d={drawn.estimate} className="estimate" />
      </svg>
      {changes.map(({ at, share, isAnew }) => (
        <g key={at}>
          <line x1={`${at}%`} x2={`${at}%`} y1="0" y2={HEIGHT} className="change" />
          <text x={`${at}%`} y={HEIGHT - 5} {...beside(at)}>
            {isAnew ? 'anew' : percent(share)}
          </text>
        </g>
      ))}
      {ticks.filter(isNamed).map(({ value, y }) => (
        <text key={value} x="100%" y={Math.max(11, y - 3)} dx="-8" textAnchor="end">
          {change(scale, value)}
        </text>
      ))}
      <Named y={zero.y} isAbove={toleratedNow.y > zero.y || zero.y > HEIGHT - ROOM}>
        {toleratedNow.value === 0 ? 'no difference; nothing worse is tolerated' : 'no difference'}
      </Named>
      {toleratedNow.value !== 0 && (
        <Named y={toleratedNow.y} isAbove={toleratedNow.y <= zero.y}>
          tolerated {change(scale, toleratedNow.value)}
        </Named>
      )}
      {ceiling !== null && (
        <Named
          y={ceiling.y}
          isAbove={ceiling.y > ROOM}
          isAside={Math.abs(ceiling.y - toleratedNow.y) < ROOM}
        >
          ceiling {change(scale, ceiling.value)}
        </Named>
      )}
      <NewestPoint drawn={drawn} estimate={newest.estimate} />
    </svg>
  );
}

/** Zero has a name of its own. */
const isNamed = ({ value }: { value: number }) => value !== 0;

const beside = (at: number) =>
  at > 88 ? ({ dx: -4, textAnchor: 'end' } as const) : ({ dx: 4 } as const);

interface NamedProps {
  y: number;
  isAbove: boolean;
  /** Beside another name that is too close. */
  isAside?: boolean;
  children: ReactNode;
}

function Named({ y, isAbove, isAside = false, children }: NamedProps) {
  return (
    <text x={isAside ? '36%' : '0'} dx="4" y={isAbove ? y - 4 : y + 13} className="name">
      {children}
    </text>
  );
}

function NewestPoint({ drawn: { low, high }, estimate }: { drawn: Sequence; estimate: number }) {
  const y = HEIGHT - ((estimate - low) / (high - low)) * HEIGHT;
  return <circle cx="100%" cy={y} r="4" className="dot" />;
}

function LooksTable({ looks, name }: { looks: readonly Look[]; name: string }) {
  return (
    <details>
      <summary>The same in numbers</summary>
      <table className="numbers-table wraps">
        <caption className="unseen">{name}, over time</caption>
        <thead>
          <tr>
            <th scope="col">look</th>
            <th scope="col">share</th>
            <th scope="col">difference</th>
            <th scope="col">visitors, control and treatment</th>
          </tr>
        </thead>
        <tbody>
          {looks.toReversed().map((look) => (
            <tr key={look.at}>
              <th scope="row">{moment(look.at)}</th>
              <td>{percent(look.share)}</td>
              <td>
                {change(look.scale, look.estimate)}, {changeRange(look)}
              </td>
              <td>
                {count(look.control_users)} and {count(look.treatment_users)}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </details>
  );
}

/** What the styles of the drawings mean; once for all of them. */
export function SequenceKey() {
  const id = useId();
  const swatches = [
    ['estimate', 'difference'],
    ['edge', '95 % at every look'],
    ['tolerated', 'tolerated'],
    ['ceiling', 'ceiling, to be excluded before promotion'],
  ] as const;
  return (
    <p className="legend sequence-key">
      {swatches.map(([kind, says]) => (
        <span key={kind}>
          <svg className="plot" width="28" height="12" aria-hidden="true">
            {kind === 'edge' && <rect y="2" width="28" height="8" className="sure" />}
            {kind === 'edge' ? (
              <path d="M0 2H28M0 10H28" className="edge" />
            ) : (
              <path d="M0 6H28" className={kind} />
            )}
          </svg>
          {says}
        </span>
      ))}
      <span>
        <svg className="plot" width="28" height="12" aria-hidden="true">
          <pattern id={`${id}k`} width="8" height="5" patternUnits="userSpaceOnUse">
            <rect width="8" height="1" className="hatch" />
          </pattern>
          <rect width="28" height="12" fill={`url(#${id}k)`} />
        </svg>
        worse than tolerated
      </span>
    </p>
  );
}
