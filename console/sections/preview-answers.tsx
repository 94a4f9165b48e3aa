// What visitors thought of both arms: how many answers of each stage were rated low, and those answers
// themselves, one arm at a time. Stages are never pooled. Visitors' words are only ever text nodes.
import { useId, useState } from 'react';
import type { Api } from '../api/client.ts';
import type { AnswerStage, RatedAnswer } from '../api/preview-schema.ts';
import { ago, counted, percent, signed, words } from '../format.ts';
import { SIDES } from './preview-conversation.ts';
import { lowShare, lowText, reactionsOf, servedBy, stageName } from './preview-words.ts';
import { Empty, Section } from './section.tsx';
import { useAnswers, type Wanted } from './use-answers.ts';

interface Props {
  api: Api;
  now: string;
  experimentId: string;
}

const FIRST: Wanted = { arm: 'treatment', low: true, order: 'newest' };

export function PreviewAnswers({ api, now, experimentId }: Props) {
  const [wanted, setWanted] = useState(FIRST);
  const { stages, list, next, problem, loading, more, again } = useAnswers(
    api,
    experimentId,
    wanted,
  );
  return (
    <Section
      id="disliked"
      title="How visitors took both"
      error={problem}
      aside={
        <button type="button" className="button" data-testid="answers-again" onClick={again}>
          Read again
        </button>
      }
    >
      {stages !== null && stages.length > 0 && <Stages stages={stages} />}
      <Choice wanted={wanted} onChange={setWanted} />
      {list !== null && list.length === 0 && !loading && (
        <Empty>
          {wanted.low
            ? 'No answer of this arm was rated below zero: no thumb down, fewer than three stars or correction.'
            : 'No answer of this arm was recorded yet.'}
        </Empty>
      )}
      <ul className="reviews preview-answers" aria-busy={loading} data-testid="answers">
        {list?.map((answer) => (
          <Answer key={answer.interaction_id} answer={answer} now={now} />
        ))}
      </ul>
      {next !== null && (
        <p className="row preview-more">
          <button
            type="button"
            className="button"
            data-testid="answers-more"
            disabled={loading}
            onClick={more}
          >
            Show more
          </button>
        </p>
      )}
    </Section>
  );
}

function Stages({ stages }: { stages: readonly AnswerStage[] }) {
  const several = new Set(stages.map(({ stratum }) => stratum)).size > 1;
  return (
    <table className="preview-stages" data-testid="answers-stages">
      <caption>Rated low, of all rated answers, at each stage</caption>
      <thead>
        <tr>
          <th scope="col">Stage</th>
          {SIDES.map(({ arm, name }) => (
            <th key={arm} scope="col">
              {name}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {stages.map((stage) => (
          <tr key={`${stage.stratum} ${stage.share}`}>
            <th scope="row">{stageName(stage, several)}</th>
            {SIDES.map(({ arm }) => (
              <td key={arm}>
                {lowText(stage[arm])}
                <LowBar share={lowShare(stage[arm])} />
                <span className="quiet">{counted(stage[arm].answers, 'answer')}</span>
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** The share again, for the eye; the words beside it say the same. */
function LowBar({ share }: { share: number | null }) {
  return (
    <svg viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true" className="preview-low">
      <rect className="paper" width="100" height="6" />
      {share !== null && <rect className="ink" width={share * 100} height="6" />}
    </svg>
  );
}

interface ChoiceProps {
  wanted: Wanted;
  onChange: (wanted: Wanted) => void;
}

function Choice({ wanted, onChange }: ChoiceProps) {
  const id = useId();
  return (
    <div className="preview-choice">
      <fieldset className="preview-arms">
        <legend className="unseen">Answers of</legend>
        {SIDES.map(({ arm, name }) => (
          <label key={arm} className="button">
            <input
              type="radio"
              name={`${id}arm`}
              data-testid={`answers-${arm}`}
              checked={wanted.arm === arm}
              onChange={() => onChange({ ...wanted, arm })}
            />{' '}
            {name}
          </label>
        ))}
      </fieldset>
      <label>
        <input
          type="checkbox"
          data-testid="answers-low"
          checked={wanted.low}
          onChange={(event) => onChange({ ...wanted, low: event.target.checked })}
        />{' '}
        Rated low only
      </label>
      <label className="unseen" htmlFor={`${id}order`}>
        Order
      </label>
      <select
        id={`${id}order`}
        className="field"
        data-testid="answers-order"
        value={wanted.order}
        onChange={(event) =>
          onChange({ ...wanted, order: event.target.value === 'worst' ? 'worst' : 'newest' })
        }
      >
        <option value="newest">Newest first</option>
        <option value="worst">Worst first</option>
      </select>
    </div>
  );
}

const GONE = 'Its words were removed with age.';

function Answer({ answer, now }: { answer: RatedAnswer; now: string }) {
  const { correction, share, score, history_turns: before, bounded } = answer;
  const reactions = reactionsOf(answer);
  return (
    <li className="review" data-testid="answer-item" data-id={answer.interaction_id}>
      <h3 className="asked">{answer.query ?? GONE}</h3>
      <div className="sides">
        <div>
          <h4>Answered</h4>
          <p className="said">{answer.response ?? GONE}</p>
        </div>
        {correction !== null && (
          <div>
            <h4>The visitor's correction</h4>
            <p className="said new">{correction.text ?? GONE}</p>
          </div>
        )}
      </div>
      {reactions.length > 0 && (
        <ul className="preview-reactions" aria-label="How the visitor took it">
          {reactions.map((reaction) => (
            <li key={reaction} className="stage">
              {reaction}
            </li>
          ))}
          {score !== null && <li className="quiet">score {signed(score, 1)}</li>}
        </ul>
      )}
      <p className="quiet">
        {ago(answer.at, now)}
        {share !== null && ` · at a share of ${percent(share)}`}
        {' · answered by '}
        <code>{servedBy(answer)}</code>
        {before > 0 && ` · question ${before + 1} of its conversation`}
        {answer.training_opt_out && ' · refused training'}
        {bounded !== null && ` · a vote on it is not counted: ${words(bounded)}`}
      </p>
    </li>
  );
}
