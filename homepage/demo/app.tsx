// The demo page: a heading, the conversation, the composer and the visitor's choice about training.
import { Composer } from './composer.tsx';
import { Privacy } from './privacy.tsx';
import { TurnView } from './turn-view.tsx';
import { useChat } from './use-chat.ts';
import { useFollow } from './use-follow.ts';
import { useOptOut } from './use-opt-out.ts';

const IDEAS = [
  'How do I drain a node safely?',
  'A pod is in CrashLoopBackOff. Where do I start?',
  'What makes a good error budget?',
];

export function App() {
  const [optOut, setOptOut] = useOptOut();
  const chat = useChat(optOut);
  const last = chat.turns.at(-1);
  useFollow(last);

  return (
    <div className="page">
      <header className="top">
        <h1>Ask Bruno</h1>
        <p className="quiet">An assistant for running services. It learns from what you tell it.</p>
      </header>
      <main className="talk">
        {chat.turns.length === 0 ? (
          <section className="ideas" aria-label="Questions to start with">
            <p className="quiet">
              Ask anything about running services, or start with one of these.
            </p>
            <ul>
              {IDEAS.map((idea) => (
                <li key={idea}>
                  <button type="button" className="idea" onClick={() => chat.ask(idea)}>
                    {idea}
                  </button>
                </li>
              ))}
            </ul>
          </section>
        ) : (
          chat.turns.map((turn) => (
            <TurnView
              key={turn.id}
              turn={turn}
              isLast={turn === last}
              readings={chat.readings}
              onRetry={chat.retry}
            />
          ))
        )}
      </main>
      <footer className="bottom">
        <Composer busy={chat.busy} onAsk={chat.ask} onStop={chat.stop} />
        <Privacy optOut={optOut} onChange={setOptOut} />
      </footer>
    </div>
  );
}
