// A homepage of somebody else's that uses the React components: the chat, with what the page knows
// about every question. Bundled by the embedding tests as that homepage's own build would.
import { createRoot } from 'react-dom/client';
import { Chat } from '../../../homepage/chat/index.ts';

const room = document.getElementById('chat');
if (room === null) throw new Error('The page must hold an element with the id "chat"');
const source = (name: string) => new URL(`/sources/${name}`, location.href).href;

createRoot(room).render(
  <Chat
    baseUrl={room.dataset.host}
    sources={[
      { id: 'drain', title: 'How to drain a node', url: source('drain') },
      { id: 'talk', title: 'What was said at lunch', text: 'Drain first, then upgrade.' },
      { id: 'pdb', title: 'Disruption budgets', url: source('pdb') },
    ]}
  />,
);
