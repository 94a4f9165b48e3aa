// A homepage of somebody else's that draws answers itself and lets the visitor judge the latest one.
// Bundled by the embedding tests as that homepage's own build would.
import { useState } from 'react';
import { createRoot } from 'react-dom/client';
import { type AnswerRef, Feedback } from '../../../homepage/chat/index.ts';
import { askAssistant, assistantAt } from '../../../homepage/client/index.ts';

const room = document.getElementById('chat');
if (room === null) throw new Error('The page must hold an element with the id "chat"');
const baseUrl = room.dataset.host ?? '';
const { session } = assistantAt(baseUrl);

function Latest() {
  const [latest, setLatest] = useState<AnswerRef | null>(null);
  const ask = async () => {
    let answer: AnswerRef | null = null;
    for await (const event of askAssistant(session, { message: 'Say hello.' }, { baseUrl })) {
      if (event.type !== 'meta') continue;
      answer = { interactionId: event.interaction_id, feedbackToken: event.feedback_token };
    }
    setLatest(answer);
  };
  return (
    <>
      <button type="button" data-testid="ask" onClick={() => void ask()}>
        Ask
      </button>
      {latest !== null && (
        <div data-testid="answer" data-interaction-id={latest.interactionId}>
          <Feedback answer={latest} baseUrl={baseUrl} />
        </div>
      )}
    </>
  );
}

createRoot(room).render(<Latest />);
