// Reads one admin address again and again while the page is in view. Keeps the last good answer and
// says since when it is stale. `key` reads at once when something it depends on has changed.
import { useCallback, useEffect, useState } from 'react';
import type * as z from 'zod/mini';
import { type Api, ApiError, messageOf } from './client.ts';

export interface Polled<T> {
  data: T | null;
  error: string | null;
  /** The token was refused: the gate asks for another one. */
  refused: boolean;
  refresh(): void;
}

interface Options {
  everyMs: number;
  key?: string;
}

export function usePolled<T extends z.ZodMiniType>(
  api: Api,
  path: string,
  schema: T,
  { everyMs, key = '' }: Options,
): Polled<z.infer<T>> {
  const [data, setData] = useState<z.infer<T> | null>(null);
  const [error, setError] = useState<string | null>(null);
  const [refused, setRefused] = useState(false);
  const [asked, setAsked] = useState(0);

  // A change of key, or a refresh, reads at once: they are dependencies though nothing here uses them.
  // biome-ignore lint/correctness/useExhaustiveDependencies: see above
  useEffect(() => {
    // Only the newest read may change anything and set the next timer.
    let newest = 0;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const read = async () => {
      newest += 1;
      const mine = newest;
      clearTimeout(timer);
      try {
        const next = await api.get(path, schema);
        if (mine !== newest) return;
        setData(next);
        setError(null);
      } catch (thrown) {
        if (mine !== newest) return;
        if (thrown instanceof ApiError && [401, 403].includes(thrown.status)) setRefused(true);
        setError(messageOf(thrown));
      }
      timer = setTimeout(again, everyMs);
    };
    // A page out of view rests; coming back into view reads at once.
    const again = () => {
      if (document.visibilityState === 'visible') void read();
    };
    void read();
    document.addEventListener('visibilitychange', again);
    return () => {
      newest += 1;
      clearTimeout(timer);
      document.removeEventListener('visibilitychange', again);
    };
  }, [api, path, schema, everyMs, key, asked]);

  const refresh = useCallback(() => setAsked((count) => count + 1), []);
  return { data, error, refused, refresh };
}
