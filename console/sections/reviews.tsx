// Corrections waiting for an operator: the question, our answer and the visitor's text side by side.
// Nothing trains the model before it is accepted here. Visitors' text is only ever a text node.
import { useState } from 'react';
import { type Api, messageOf } from '../api/client.ts';
import { anythingSchema, type Review, reviewsSchema } from '../api/schema.ts';
import { usePolled } from '../api/use-polled.ts';
import { ago, words } from '../format.ts';
import { Empty, Section } from './section.tsx';

interface Props {
  api: Api;
  now: string;
  pending: number;
  onChanged: () => void;
}

export function Reviews({ api, now, pending, onChanged }: Props) {
  const { data, error, refresh } = usePolled(api, '/admin/reviews?status=pending', reviewsSchema, {
    everyMs: 10_000,
    key: String(pending),
  });
  const reviews = data?.reviews ?? [];
  const decided = () => {
    refresh();
    onChanged();
  };
  return (
    <Section id="reviews" title="Corrections to review" error={error}>
      {data !== null && reviews.length === 0 && (
        <Empty>
          Nothing to review. Corrections from visitors wait here before they train anything.
        </Empty>
      )}
      <ul className="reviews">
        {reviews.map((review) => (
          <ReviewItem key={review.event_id} api={api} now={now} review={review} onDone={decided} />
        ))}
      </ul>
    </Section>
  );
}

interface ItemProps {
  api: Api;
  now: string;
  review: Review;
  onDone: () => void;
}

function ReviewItem({ api, now, review, onDone }: ItemProps) {
  const [note, setNote] = useState('');
  const [working, setWorking] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  const id = `note-${review.event_id}`;

  const decide = async (decision: 'accept' | 'reject') => {
    setWorking(true);
    setProblem(null);
    try {
      const said = note.trim() === '' ? {} : { note: note.trim() };
      const path = `/admin/reviews/${encodeURIComponent(review.event_id)}`;
      await api.post(path, { decision, ...said }, anythingSchema);
      onDone();
    } catch (thrown) {
      setProblem(messageOf(thrown));
      setWorking(false);
    }
  };

  return (
    <li className="review" data-testid="review-item" data-event-id={review.event_id}>
      <p className="asked">{review.query ?? 'The question was not kept.'}</p>
      <div className="sides">
        <div>
          <h3>Our answer</h3>
          <p className="said">{review.response ?? 'The answer was not kept.'}</p>
        </div>
        <div>
          <h3>The visitor's correction</h3>
          <p className="said new">{review.corrected_response}</p>
          {review.key_facts && review.key_facts.length > 0 && (
            <p className="quiet">Must state: {review.key_facts.join(' · ')}</p>
          )}
        </div>
      </div>
      <p className="quiet">
        <strong>{words(review.correction_type)}</strong> · {ago(review.created_at, now)}
        {review.model_version && (
          <>
            {' · answered by '}
            <code>{review.model_version}</code>
          </>
        )}
      </p>
      <div className="decide">
        <label className="unseen" htmlFor={id}>
          Note on this decision
        </label>
        <input
          id={id}
          className="field"
          data-testid="review-note"
          value={note}
          maxLength={500}
          placeholder="Note (optional)"
          onChange={(event) => setNote(event.target.value)}
        />
        <button
          type="button"
          className="button primary"
          data-testid="review-accept"
          disabled={working}
          onClick={() => void decide('accept')}
        >
          Accept
        </button>
        <button
          type="button"
          className="button"
          data-testid="review-reject"
          disabled={working}
          onClick={() => void decide('reject')}
        >
          Reject
        </button>
      </div>
      {problem !== null && (
        <p className="alarm" role="alert">
          Not decided. {problem}
        </p>
      )}
    </li>
  );
}
