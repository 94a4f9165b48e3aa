// Puts the operators' console onto the page. Bundled to console/console.js by homepage/build.ts.
import { createRoot } from 'react-dom/client';
import { App } from './app.tsx';

const root = document.getElementById('root');
if (root === null) throw new Error('index.html must hold an element with the id "root"');
createRoot(root).render(<App />);
