// The chat as the page uses it: ask, stop, retry. Joins the client functions, the conversation and
// the readings. Holds no words of its own; errors become sentences in the client.
import { useCallback, useEffect, useMemo, useReducer, useRef } from 'react';
import {
  askAssistant,
  browserStorage,
  keepSession,
  type Question,
  sentenceFor,
  toClientError,
} from '../client/index.ts';
import { converse, isOpen, type Turn } from './conversation.ts';
import { type Readings, useReadings } from './use-readings.ts';

export interface Chat {
  turns: readonly Turn[];
  busy: boolean;
  readings: Readings;
  ask(question: string): void;
  retry(turn: Turn): void;
  stop(): void;
}

export function useChat(trainingOptOut: boolean): Chat {
  const [turns, tell] = useReducer(converse, []);
  const readings = useReadings();
  const keeper = useMemo(() => keepSession(browserStorage()), []);
  const running = useRef<AbortController | null>(null);
  const nextId = useRef(1);
  const last = turns.at(-1);

  useEffect(() => () => running.current?.abort(), []);

  const run = useCallback(
    async (id: number, question: Question) => {
      const stop = new AbortController();
      running.current = stop;
      let text = '';
      let answer: { interactionId: string; feedbackToken: string } | null = null;
      try {
        for await (const event of askAssistant(keeper, question, { signal: stop.signal })) {
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
        if (answer !== null && text !== '') readings.open(answer, text);
      } catch (thrown) {
        const sentence = sentenceFor(toClientError(thrown));
        tell({ type: 'ended', id, state: { phase: 'failed', sentence } });
      } finally {
        if (running.current === stop) running.current = null;
      }
    },
    [keeper, readings],
  );

  return {
    turns,
    busy: isOpen(last),
    readings,
    ask(question) {
      if (running.current !== null) return;
      if (last !== undefined)
        readings.close({ type: 'asked', before: last.question, next: question });
      const id = nextId.current++;
      tell({ type: 'asked', id, question });
      void run(id, { message: question, trainingOptOut });
    },
    retry(turn) {
      if (running.current !== null) return;
      tell({ type: 'retried', id: turn.id });
      void run(turn.id, { message: turn.question, trainingOptOut });
    },
    stop: () => running.current?.abort(),
  };
}
