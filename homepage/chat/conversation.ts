// The conversation as a value: turns of a question and its answer, and how each event changes them.
// Pure; the hook use-chat feeds it and the components draw it.
import type { Source } from '../client/index.ts';

export type AnswerPhase =
  | { phase: 'waiting' }
  | { phase: 'writing' }
  | { phase: 'done' }
  | { phase: 'stopped' }
  | { phase: 'failed'; sentence: string };

export interface Turn {
  id: number;
  question: string;
  answer: string;
  state: AnswerPhase;
  interactionId: string | null;
  feedbackToken: string | null;
  sources: readonly Source[];
  modelVersion: string | null;
}

export type TurnEvent =
  | { type: 'asked'; id: number; question: string }
  | { type: 'retried'; id: number }
  | {
      type: 'named';
      id: number;
      interactionId: string;
      feedbackToken: string;
      sources: readonly Source[];
      modelVersion: string | null;
    }
  | { type: 'wrote'; id: number; text: string }
  | { type: 'ended'; id: number; state: AnswerPhase }
  | { type: 'erased' };

export function converse(turns: readonly Turn[], event: TurnEvent): readonly Turn[] {
  if (event.type === 'erased') return [];
  if (event.type === 'asked') return [...turns, emptyTurn(event.id, event.question)];
  return turns.map((turn) => (turn.id === event.id ? change(turn, event) : turn));
}

function change(turn: Turn, event: Exclude<TurnEvent, { type: 'asked' | 'erased' }>): Turn {
  switch (event.type) {
    case 'retried':
      return emptyTurn(turn.id, turn.question);
    case 'named': {
      const { interactionId, feedbackToken, sources, modelVersion } = event;
      return { ...turn, interactionId, feedbackToken, sources, modelVersion };
    }
    case 'wrote':
      return { ...turn, answer: turn.answer + event.text, state: { phase: 'writing' } };
    case 'ended':
      return { ...turn, state: event.state };
    default:
      return event satisfies never;
  }
}

function emptyTurn(id: number, question: string): Turn {
  return {
    id,
    question,
    answer: '',
    state: { phase: 'waiting' },
    interactionId: null,
    feedbackToken: null,
    sources: [],
    modelVersion: null,
  };
}

export function isOpen(turn: Turn | undefined): boolean {
  return turn?.state.phase === 'waiting' || turn?.state.phase === 'writing';
}

/** Feedback needs the server's token, and an answer that is there to judge. */
export function canBeJudged(turn: Turn): boolean {
  const { phase } = turn.state;
  return (
    (phase === 'done' || phase === 'stopped') && turn.feedbackToken !== null && turn.answer !== ''
  );
}
