// The demo page: a heading and the chat that every page can embed.
import { Chat } from '../chat/index.ts';

const IDEAS = [
  'How do I drain a node safely?',
  'A pod is in CrashLoopBackOff. Where do I start?',
  'What makes a good error budget?',
];

export function App() {
  return (
    <div className="page">
      <header className="top">
        <h1>Ask Bruno</h1>
        <p className="quiet">An assistant for running services. It learns from what you tell it.</p>
      </header>
      <main>
        <Chat
          title="Ask Bruno"
          intro="Ask anything about running services, or start with one of these."
          ideas={IDEAS}
          autoFocus
        />
      </main>
    </div>
  );
}
