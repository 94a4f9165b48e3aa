// How long answers took, by stage: numbers, and a line from the median to the 99th percentile with a mark at
// the 95th. For display; the share of slow answers decides.
import type { LatencyOf, Percentiles } from '../api/experiment-schema.ts';
import { Mark } from '../charts/mark.tsx';
import { scale } from '../charts/scale.ts';
import { percent } from '../format.ts';
import { Empty } from '../sections/section.tsx';
import { change, seconds } from './words.ts';

const NAMES: Readonly<Record<string, string>> = {
  first_token: 'To the first token',
  output_token: 'For each further token',
  total: 'In all, which decides nothing',
};

export function Latencies({ latencies }: { latencies: readonly LatencyOf[] }) {
  const timed = latencies.filter(({ stages }) => stages.length > 0);
  if (timed.length === 0) return <Empty>No answer was timed yet.</Empty>;
  return (
    <ul className="metrics" data-testid="latencies">
      {timed.map((one) => (
        <li key={one.latency} className="card-like metric">
          <h3>{NAMES[one.latency] ?? one.latency}</h3>
          {one.p95_change !== null && (
            <p className="difference">
              <strong>{change('ratio', one.p95_change)}</strong>{' '}
              <span className="quiet">at the 95th percentile, over the stages</span>
            </p>
          )}
          <Stages one={one} />
        </li>
      ))}
    </ul>
  );
}

function Stages({ one: { stages, latency } }: { one: LatencyOf }) {
  const most = Math.max(
    ...stages.flatMap(({ control, treatment }) => [control?.p99_ms ?? 0, treatment?.p99_ms ?? 0]),
  );
  const x = scale([0, most || 1], [1, 98]);
  return (
    <table className="stages-table">
      <caption className="unseen">{NAMES[latency] ?? latency} by stage</caption>
      <thead>
        <tr>
          <th scope="col">stage</th>
          <th scope="col">control</th>
          <th scope="col">treatment</th>
        </tr>
      </thead>
      {stages.map(({ share, control, treatment }) => (
        <tbody key={share}>
          <tr>
            <th scope="row">{percent(share)}</th>
            <Cell of={control} />
            <Cell of={treatment} />
          </tr>
          <tr>
            <td colSpan={3}>
              <svg className="plot" width="100%" height="30" aria-hidden="true">
                <Line of={control} x={x} y={9} kind="control" />
                <Line of={treatment} x={x} y={22} kind="treatment" />
              </svg>
            </td>
          </tr>
        </tbody>
      ))}
    </table>
  );
}

function Cell({ of }: { of: Percentiles | null }) {
  if (of === null) return <td className="quiet">none yet</td>;
  return (
    <td>
      <strong>{seconds(of.p95_ms)}</strong>
      <span className="quiet">
        {' '}
        p95; half within {seconds(of.p50_ms)}, 99 % within {seconds(of.p99_ms)}
      </span>
    </td>
  );
}

interface LineProps {
  of: Percentiles | null;
  x: (ms: number) => number;
  y: number;
  kind: 'control' | 'treatment';
}

function Line({ of, x, y, kind }: LineProps) {
  const at = (ms: number) => `${x(ms).toFixed(2)}%`;
  return (
    <>
      <line x1="0" x2="100%" y1={y} y2={y} className="grid" />
      {of !== null && <line x1={at(of.p50_ms)} x2={at(of.p99_ms)} y1={y} y2={y} className={kind} />}
      {of !== null && <Mark arm={kind} x={at(of.p95_ms)} y={y} />}
    </>
  );
}
