// Control and treatment at each stage, never pooled: the numbers, and below each row both rates with their
// intervals on one axis.
import type { ArmAtStage, Stage } from '../api/experiment-schema.ts';
import { rate } from '../experiment/words.ts';
import { count, percent } from '../format.ts';
import { Mark } from './mark.tsx';
import { scale } from './scale.ts';

/** An interval longer than this many times the highest rate is cut at the drawing's edge. */
const LONGEST = 2.5;

function rangeOf(stages: readonly Stage[]): [number, number] {
  const arms = stages.flatMap(({ control, treatment }) => [control, treatment]);
  const most = Math.max(...arms.map((arm) => arm.rate)) * LONGEST;
  const low = Math.min(...arms.map((arm) => arm.interval?.lower ?? arm.rate));
  const high = Math.max(...arms.map((arm) => Math.min(most, arm.interval?.upper ?? arm.rate)));
  const air = (high - low) * 0.05 || 0.01;
  // A share of exposures ends at all of them.
  const end = arms.every((arm) => arm.rate <= 1) ? 1 : Number.POSITIVE_INFINITY;
  return [Math.max(0, low - air), Math.min(end, high + air)];
}

export function StageTable({ stages, name }: { stages: readonly Stage[]; name: string }) {
  const range = rangeOf(stages);
  return (
    <table className="stages-table">
      <caption className="unseen">{name} by stage</caption>
      <thead>
        <tr>
          <th scope="col">stage</th>
          <th scope="col">
            <Sign arm="control" /> control
          </th>
          <th scope="col">
            <Sign arm="treatment" /> treatment
          </th>
        </tr>
      </thead>
      {stages.map((stage) => (
        <tbody key={stage.share}>
          <tr>
            <th scope="row">{percent(stage.share)}</th>
            <ArmCell arm={stage.control} />
            <ArmCell arm={stage.treatment} />
          </tr>
          <tr>
            <td colSpan={3}>
              <svg className="plot" width="100%" height="30" aria-hidden="true">
                <Rate range={range} arm={stage.control} y={9} kind="control" />
                <Rate range={range} arm={stage.treatment} y={22} kind="treatment" />
              </svg>
            </td>
          </tr>
        </tbody>
      ))}
      <tbody aria-hidden="true">
        <tr>
          <td colSpan={3}>
            <span className="sequence-row">
              <span>{rate(range[0])}</span>
              <span>{rate(range[1])}</span>
            </span>
          </td>
        </tr>
      </tbody>
    </table>
  );
}

function ArmCell({ arm }: { arm: ArmAtStage }) {
  return (
    <td>
      <strong>{rate(arm.rate)}</strong>
      <span className="quiet">
        {' '}
        {count(arm.y)} of {count(arm.n)}
      </span>
      <span className="quiet"> {count(arm.users)} visitors</span>
      {arm.interval && (
        <span className="unseen">
          , between {rate(arm.interval.lower)} and {rate(arm.interval.upper)}
        </span>
      )}
    </td>
  );
}

interface RateProps {
  range: [number, number];
  arm: ArmAtStage;
  y: number;
  kind: 'control' | 'treatment';
}

function Rate({ range, arm, y, kind }: RateProps) {
  const x = scale(range, [1, 99]);
  const at = (value: number) => `${Math.min(99.6, Math.max(0.4, x(value))).toFixed(2)}%`;
  const { interval } = arm;
  return (
    <>
      <line x1="0" x2="100%" y1={y} y2={y} className="grid" />
      {interval && (
        <line x1={at(interval.lower)} x2={at(interval.upper)} y1={y} y2={y} className={kind} />
      )}
      <Mark arm={kind} x={at(arm.rate)} y={y} />
    </>
  );
}

function Sign({ arm }: { arm: 'control' | 'treatment' }) {
  return (
    <svg className="plot" width="12" height="12" aria-hidden="true">
      <Mark arm={arm} x="6" y={6} />
    </svg>
  );
}
