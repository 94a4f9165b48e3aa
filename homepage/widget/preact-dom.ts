// What widget.tsx imports from 'react-dom/client', from Preact. See preact-react.ts.
import { type ComponentChild, render } from 'preact';

export function createRoot(parent: Element | ShadowRoot) {
  return { render: (node: ComponentChild) => render(node, parent) };
}
