// How much of a conversation a model is given. Its window holds the prompt and the answer, so the rule is:
// room = window - room for the answer (at most half the window); the system turn and the question are kept
// whole or the request is refused; of the turns between them the newest exchanges are kept, each whole, until
// the first that does not fit. The edge has no tokenizer, so tokens are estimated, rather too high than too low.

import type { ChatMessage } from './wire/chat.ts';

/** What a chat template adds around a message: its role's header and its end mark. */
const TOKENS_PER_MESSAGE = 8;
const PIECE = /[A-Za-z0-9+/_]{24,}|[A-Z]?[a-z]+|[A-Z]+| +|[^A-Za-z ]/gu;
/** Longer than a word: a key, a hash, an encoded file. */
const LONG_RUN = 24;
const LONG_WORD = 12;
const SPACES_PER_TOKEN = 4;
const encoder = new TextEncoder();

/**
 * An estimate of how many tokens a byte-pair tokenizer makes of a text. Against SmolLM2's it is right or up to
 * twice too high on prose, code and logs (window.test.ts); only words of no language come out too low.
 * Beyond ASCII it counts bytes, which no such tokenizer exceeds.
 */
export function estimateTokens(text: string): number {
  let tokens = 0;
  for (const [piece] of text.matchAll(PIECE)) tokens += pieceTokens(piece);
  return tokens;
}

function pieceTokens(piece: string): number {
  if (piece.charCodeAt(0) > 127) return encoder.encode(piece).length;
  // The space before a word is part of the word's own token.
  if (piece.startsWith(' ')) return Math.ceil((piece.length - 1) / SPACES_PER_TOKEN);
  if (piece.length >= LONG_RUN) return piece.length;
  const rare = piece.length > LONG_WORD || /^[A-Z]{2}/.test(piece);
  return Math.ceil(piece.length / (rare ? 2 : 3));
}

export const messageTokens = (content: string): number =>
  estimateTokens(content) + TOKENS_PER_MESSAGE;

export interface Conversation {
  /** The whole system turn, sources included. */
  system: string;
  /** User's and assistant's turns before the question, oldest first. */
  history: readonly ChatMessage[];
  question: string;
}

export interface Window {
  windowTokens: number;
  answerTokens: number;
}

export type Fitted =
  | { fits: true; messages: ChatMessage[]; dropped: number; answerTokens: number }
  | { fits: false; neededTokens: number; roomTokens: number };

/** `dropped` counts the messages of the history that were left out. */
export function fitWindow(conversation: Conversation, window: Window): Fitted {
  const { system, history, question } = conversation;
  const answerTokens = Math.min(window.answerTokens, Math.floor(window.windowTokens / 2));
  const roomTokens = window.windowTokens - answerTokens;
  const neededTokens = messageTokens(system) + messageTokens(question);
  if (neededTokens > roomTokens) return { fits: false, neededTokens, roomTokens };
  let left = roomTokens - neededTokens;
  const kept: ChatMessage[] = [];
  for (const exchange of exchangesOf(history).toReversed()) {
    left -= exchange.reduce((sum, { content }) => sum + messageTokens(content), 0);
    if (left < 0) break;
    kept.unshift(...exchange);
  }
  return {
    fits: true,
    messages: [{ role: 'system', content: system }, ...kept, { role: 'user', content: question }],
    dropped: history.length - kept.length,
    answerTokens,
  };
}

/** A user's turn with the answers to it; an answer without its question is never kept alone. */
function exchangesOf(history: readonly ChatMessage[]): ChatMessage[][] {
  const exchanges: ChatMessage[][] = [];
  for (const message of history) {
    const current = exchanges.at(-1);
    if (message.role === 'user' || current === undefined) exchanges.push([message]);
    else current.push(message);
  }
  return exchanges;
}

/** Which of the named texts takes the most room. */
export function longestOf(texts: readonly { name: string; text: string }[]): string {
  const [longest] = texts.toSorted((a, b) => estimateTokens(b.text) - estimateTokens(a.text));
  return longest?.name ?? '';
}
