// Whether the two arms can be compared at all: who gives feedback, whether visitors are split as
// configured, whether data arrive, and what was found offline.
import type { Evidence } from '../api/experiment-schema.ts';
import { count, percent } from '../format.ts';
import { feedbackByStage, rateOrDash, sentence } from './words.ts';

export function Arms({ evidence, isOver }: { evidence: Evidence; isOver: boolean }) {
  const { users, sample_ratio: ratio, offline } = evidence;
  const feedback = feedbackByStage(evidence.metrics);
  const isSplit = evidence.split === 'as configured';
  return (
    <div className="arms" data-testid="arms">
      <div className="card-like">
        <h3>Who gives feedback</h3>
        <p className="quiet">
          Thumbs for each answer. Where the arms differ, so do those who vote.
        </p>
        {feedback.length === 0 ? (
          <p>No stage has both arms yet.</p>
        ) : (
          <table className="numbers-table">
            <thead>
              <tr>
                <th scope="col">stage</th>
                <th scope="col">control</th>
                <th scope="col">treatment</th>
              </tr>
            </thead>
            <tbody>
              {feedback.map(({ share, control, treatment }) => (
                <tr key={share}>
                  <th scope="row">{percent(share)}</th>
                  <td>{rateOrDash(control)}</td>
                  <td>{rateOrDash(treatment)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        )}
      </div>
      <div className="card-like" data-testid="split">
        <h3>How visitors are split</h3>
        <p>
          {count(users.control)} in control, {count(users.treatment)} in treatment.
        </p>
        {ratio && (
          <>
            <RatioBar treatment={ratio.treatment} expected={ratio.expected} total={ratio.total} />
            <p className="quiet">
              Of {count(ratio.total)} first appearances {count(ratio.treatment)} were in treatment;{' '}
              {count(ratio.expected)} were to be.
            </p>
          </>
        )}
        <p className={isSplit ? undefined : 'alarm'}>
          <span aria-hidden="true">{isSplit ? '✓' : '✕'}</span>{' '}
          {isSplit ? 'As configured, at every look so far.' : sentence(evidence.split)}
        </p>
      </div>
      {!isOver && (
        <div className="card-like">
          <h3>What else is known</h3>
          <dl className="facts">
            <div>
              <dt>Data</dt>
              <dd>{sentence(evidence.data)}</dd>
            </div>
            <div>
              <dt>Offline, on held-out questions</dt>
              <dd>{sentence(offline === null ? 'no comparison' : offline.reason)}</dd>
            </div>
          </dl>
        </div>
      )}
    </div>
  );
}

interface RatioProps {
  treatment: number;
  expected: number;
  total: number;
}

/** Filled as far as treatment reaches; the upright line is where it should end. */
function RatioBar({ treatment, expected, total }: RatioProps) {
  if (total <= 0) return null;
  const at = `${(expected / total) * 100}%`;
  return (
    <svg className="plot ratio" width="100%" height="22" aria-hidden="true">
      <rect y="5" width="100%" height="12" className="empty" />
      <rect y="5" width={`${(treatment / total) * 100}%`} height="12" className="ink" />
      <line x1={at} x2={at} y1="0" y2="22" className="target" />
    </svg>
  );
}
