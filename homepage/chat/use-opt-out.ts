// Remembers, on this device, whether the visitor's chats may train the assistant. A browser that
// sends Global Privacy Control starts with "do not use".
import { useEffect, useState } from 'react';
import type { KeyValue } from '../client/index.ts';

const KEY = 'bruno.training-opt-out';

export function useOptOut(storage: KeyValue): [boolean, (value: boolean) => void] {
  const [optOut, setOptOut] = useState(false);
  // Read after the first drawing: a page drawn on a server does not know it, and must not show
  // another state than the one that holds.
  useEffect(() => {
    const stored = storage.getItem(KEY);
    setOptOut(stored === null ? asksForPrivacy() : stored === 'yes');
  }, [storage]);
  const change = (value: boolean) => {
    setOptOut(value);
    try {
      storage.setItem(KEY, value ? 'yes' : 'no');
    } catch {
      // A full storage forgets the choice at reload; for this visit it holds.
    }
  };
  return [optOut, change];
}

function asksForPrivacy(): boolean {
  return 'globalPrivacyControl' in navigator && navigator.globalPrivacyControl === true;
}
