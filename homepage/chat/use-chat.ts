// The chat as the page uses it: ask, stop, retry. Joins the client functions, the conversation and
// the trackers. Holds no words of its own; errors become sentences in the client.
import { type RefObject, useCallback, useEffect, useReducer, useRef } from 'react';
import {
  type Assistant,
  askAssistant,
  eraseMe,
  type Noted,
  type Question,
  type Source,
  sentenceFor,
  type Trackers,
  toClientError,
  trackAnswers,
} from '../client/index.ts';
import { converse, isOpen, type Turn } from './conversation.ts';

export interface Chat {
  turns: readonly Turn[];
  busy: boolean;
  ask(question: string): void;
  retry(turn: Turn): void;
  stop(): void;
  note(interactionId: string, event: Noted): void;
  /** Erases the visitor and empties the conversation; throws ClientError where it stays. See `eraseMe`. */
  erase(): Promise<boolean>;
}

export interface ChatOptions {
  trainingOptOut: boolean;
  sources: readonly Source[] | undefined;
}

/** `talk` is where answers are read: reading counts only while it is on the screen. */
export function useChat(
  assistant: Assistant,
  options: ChatOptions,
  talk: RefObject<HTMLElement | null>,
): Chat {
  const [turns, tell] = useReducer(converse, []);
  const trackers = useRef<Trackers | null>(null);
  const running = useRef<AbortController | null>(null);
  const nextId = useRef(1);
  const last = turns.at(-1);

  useEffect(() => () => running.current?.abort(), []);
  useEffect(() => {
    const created = trackAnswers({ baseUrl: assistant.baseUrl });
    trackers.current = created;
    const look = talk.current === null ? undefined : created.within(talk.current);
    return () => {
      look?.();
      created.stop();
    };
  }, [assistant, talk]);

  const run = useCallback(
    async (id: number, question: Question) => {
      const stop = new AbortController();
      running.current = stop;
      let text = '';
      let answer: { interactionId: string; feedbackToken: string } | null = null;
      const { session, baseUrl } = assistant;
      try {
        for await (const event of askAssistant(session, question, {
          baseUrl,
          signal: stop.signal,
        })) {
          if (event.type === 'meta') {
            answer = { interactionId: event.interaction_id, feedbackToken: event.feedback_token };
            const modelVersion = event.model_version ?? null;
            tell({ type: 'named', id, ...answer, sources: event.sources ?? [], modelVersion });
          } else if (event.type === 'delta') {
            text += event.text;
            tell({ type: 'wrote', id, text: event.text });
          }
        }
        const phase = stop.signal.aborted ? 'stopped' : 'done';
        tell({ type: 'ended', id, state: { phase } });
        if (answer !== null && text !== '') trackers.current?.open(answer, text);
      } catch (thrown) {
        const sentence = sentenceFor(toClientError(thrown));
        tell({ type: 'ended', id, state: { phase: 'failed', sentence } });
      } finally {
        if (running.current === stop) running.current = null;
      }
    },
    [assistant],
  );

  const question = (message: string): Question => {
    const { trainingOptOut, sources } = options;
    return { message, trainingOptOut, ...(sources === undefined ? {} : { sources }) };
  };
  return {
    turns,
    busy: isOpen(last),
    ask(message) {
      if (running.current !== null) return;
      if (last !== undefined) {
        trackers.current?.close({ type: 'asked', before: last.question, next: message });
      }
      const id = nextId.current++;
      tell({ type: 'asked', id, question: message });
      void run(id, question(message));
    },
    retry(turn) {
      if (running.current !== null) return;
      trackers.current?.close({ type: 'again' });
      tell({ type: 'retried', id: turn.id });
      void run(turn.id, question(turn.question));
    },
    stop: () => running.current?.abort(),
    async erase() {
      running.current?.abort();
      const isFound = await eraseMe(assistant);
      trackers.current?.forget();
      tell({ type: 'erased' });
      return isFound;
    },
    note: (interactionId, event) => trackers.current?.note(interactionId, event),
  };
}
