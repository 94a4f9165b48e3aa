// Messages that could not be written, with their reasons, and sending one again once its cause is
// mended. Shown only while some wait. What a visitor wrote is not in here.
import { useState } from 'react';
import { type Api, messageOf } from '../api/client.ts';
import { anythingSchema, type DeadLetter, deadLettersSchema } from '../api/schema.ts';
import { usePolled } from '../api/use-polled.ts';
import { ago, words } from '../format.ts';
import { Empty, Section } from './section.tsx';

interface Props {
  api: Api;
  now: string;
  waiting: number;
  onChanged: () => void;
}

export function DeadLetters({ api, now, waiting, onChanged }: Props) {
  const path = '/admin/dead-letters?status=waiting';
  const { data, error, refresh } = usePolled(api, path, deadLettersSchema, {
    everyMs: 10_000,
    key: String(waiting),
  });
  const letters = data?.dead_letters ?? [];
  const replayed = () => {
    refresh();
    onChanged();
  };
  return (
    <Section id="dead-letters" title="Dead letters" error={error}>
      <Empty>
        {waiting === 1 ? 'One message waits' : `${waiting} messages wait`} that could not be
        written. Mend the cause, then replay: nothing is written twice.
      </Empty>
      <ul className="reviews">
        {letters.map((letter) => (
          <LetterItem key={letter.id} api={api} now={now} letter={letter} onDone={replayed} />
        ))}
      </ul>
    </Section>
  );
}

interface ItemProps {
  api: Api;
  now: string;
  letter: DeadLetter;
  onDone: () => void;
}

function LetterItem({ api, now, letter, onDone }: ItemProps) {
  const [working, setWorking] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);

  const replay = async () => {
    setWorking(true);
    setProblem(null);
    try {
      const path = `/admin/dead-letters/${encodeURIComponent(letter.id)}/replay`;
      await api.post(path, {}, anythingSchema);
      onDone();
    } catch (thrown) {
      setProblem(messageOf(thrown));
      setWorking(false);
    }
  };

  return (
    <li className="review" data-testid="dead-letter" data-id={letter.id}>
      <p className="asked">{letter.reason}</p>
      <p className="quiet">
        <strong>{words(letter.kind)}</strong> · first {ago(letter.first_at, now)}
        {(letter.attempts ?? 1) > 1 && ` · failed ${letter.attempts} times`}
        {letter.interaction_id && (
          <>
            {' · answer '}
            <code>{letter.interaction_id}</code>
          </>
        )}
      </p>
      <div className="decide">
        <button
          type="button"
          className="button primary"
          data-testid="dead-letter-replay"
          disabled={working}
          onClick={() => void replay()}
        >
          Replay
        </button>
      </div>
      {problem !== null && (
        <p className="alarm" role="alert">
          Not sent. {problem}
        </p>
      )}
    </li>
  );
}
