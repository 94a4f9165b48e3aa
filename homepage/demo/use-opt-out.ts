// Remembers, on this device, whether the visitor's chats may train the assistant. A browser that
// sends Global Privacy Control starts with "do not use".
import { useState } from 'react';
import { browserStorage } from '../client/index.ts';

const KEY = 'bruno.training-opt-out';

export function useOptOut(): [boolean, (value: boolean) => void] {
  const [storage] = useState(browserStorage);
  const [optOut, setOptOut] = useState(() => {
    const stored = storage.getItem(KEY);
    return stored === null ? asksForPrivacy() : stored === 'yes';
  });
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
