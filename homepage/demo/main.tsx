// Puts the demo chat onto the page. Bundled to demo.js by homepage/build.ts.
import { createRoot } from 'react-dom/client';
import { App } from './app.tsx';

const root = document.getElementById('root');
if (root === null) throw new Error('index.html must hold an element with the id "root"');
createRoot(root).render(<App />);
