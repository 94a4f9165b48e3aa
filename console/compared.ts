// Which experiment an address means: #experiment=ID, so that a message can link to it. Other fragments are
// anchors on the page.
import { useEffect, useState } from 'react';

const ofAddress = () => {
  const id = new URLSearchParams(location.hash.replace(/^#/, '')).get('experiment')?.trim() ?? '';
  return id === '' ? null : id;
};

/** Null where the address names none. */
export function useExperimentOfAddress(): string | null {
  const [id, setId] = useState(ofAddress);
  useEffect(() => {
    const changed = () => setId(ofAddress());
    window.addEventListener('hashchange', changed);
    return () => window.removeEventListener('hashchange', changed);
  }, []);
  return id;
}
