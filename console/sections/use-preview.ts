// A conversation with both arms of an experiment as the page uses it: ask, stop, start over. It is kept in
// this page only; the server writes nothing of it down.
import { useCallback, useEffect, useReducer, useRef } from 'react';
import { type Api, messageOf } from '../api/client.ts';
import { previewEventSchema } from '../api/preview-schema.ts';
import { converseWithBoth, earlierOf, type PreviewTurn } from './preview-conversation.ts';

export interface Preview {
  turns: readonly PreviewTurn[];
  busy: boolean;
  ask(message: string): void;
  stop(): void;
  clear(): void;
}

export function usePreview(api: Api, experimentId: string): Preview {
  const [turns, tell] = useReducer(converseWithBoth, []);
  const running = useRef<AbortController | null>(null);
  const nextId = useRef(1);
  const stop = useCallback(() => running.current?.abort(), []);
  useEffect(() => stop, [stop]);

  const ask = async (message: string) => {
    if (running.current !== null) return;
    const left = new AbortController();
    running.current = left;
    const id = nextId.current++;
    const earlier = earlierOf(turns);
    tell({ type: 'asked', id, message });
    try {
      const path = `/admin/experiments/${encodeURIComponent(experimentId)}/preview`;
      for await (const line of api.stream(path, { message, earlier }, left.signal)) {
        const event = previewEventSchema.safeParse(line);
        if (event.success) tell({ type: 'event', id, event: event.data });
      }
      tell({ type: 'ended', id, state: 'done' });
    } catch (thrown) {
      const state = left.signal.aborted ? 'stopped' : { failed: messageOf(thrown) };
      tell({ type: 'ended', id, state });
    } finally {
      running.current = null;
    }
  };
  return {
    turns,
    busy: turns.at(-1)?.state === 'open',
    ask: (message) => void ask(message),
    stop,
    clear: () => tell({ type: 'cleared' }),
  };
}
