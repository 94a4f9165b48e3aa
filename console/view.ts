// Which page of the console an address means: the loop, or one experiment (#experiment=ID), so that it can
// be linked to, from a message too. Other fragments are anchors on the loop's page.
import { useEffect, useState } from 'react';

export type View = { name: 'loop' } | { name: 'experiment'; id: string };

export function viewOf(hash: string): View {
  const id = new URLSearchParams(hash.replace(/^#/, '')).get('experiment')?.trim() ?? '';
  return id === '' ? { name: 'loop' } : { name: 'experiment', id };
}

export const experimentHref = (id: string) => `#${new URLSearchParams({ experiment: id })}`;

export function useView(): View {
  const [view, setView] = useState(() => viewOf(location.hash));
  useEffect(() => {
    const changed = () => setView(viewOf(location.hash));
    window.addEventListener('hashchange', changed);
    return () => window.removeEventListener('hashchange', changed);
  }, []);
  return view;
}
