// What a model is asked for a chat completion: our system turn with the client's own added to it, as much
// of the conversation as the window holds, and the sampling parameters with our defaults.

import { AppError } from './errors.ts';
import { CURRENT_PROMPT, systemPrompt } from './system-prompt.ts';
import { fitWindow, longestOf, type Window } from './window.ts';
import type { ChatMessage } from './wire/chat.ts';
import type { CompletionRequest } from './wire/completion.ts';

export interface CompletionPrompt {
  messages: ChatMessage[];
  parameters: {
    temperature: number;
    top_p: number;
    max_tokens: number;
    stop?: string[];
    seed?: number;
  };
  question: string;
  /** Of the whole conversation, also of what was left out: it stays one conversation. */
  historyTurns: number;
  /** A system turn of the client's own came along. */
  custom: boolean;
  dropped: number;
}

/** Throws AppError invalid_request that names the longest part, when even the question does not fit. */
export function completionPrompt(request: CompletionRequest, window: Window): CompletionPrompt {
  const sources = request.sources ?? [];
  const extra = request.messages.filter(({ role }) => role === 'system');
  const turns = request.messages.filter(({ role }) => role !== 'system');
  const question = turns.at(-1)?.content ?? '';
  const system = systemPrompt(CURRENT_PROMPT, sources);
  const fit = fitWindow(
    {
      system: [system, ...extra.map(({ content }) => content)].join('\n\n'),
      history: turns.slice(0, -1),
      question,
    },
    window,
  );
  if (!fit.fits) {
    const last = request.messages.length - 1;
    const field = longestOf([
      ...request.messages
        .map(({ role, content }, index) => ({ role, index, text: content }))
        .filter(({ role, index }) => role === 'system' || index === last)
        .map(({ index, text }) => ({ name: `messages[${index}].content`, text })),
      { name: 'sources', text: system },
    ]);
    throw new AppError(
      'invalid_request',
      `The model's window has room for ${fit.roomTokens} tokens of prompt, and the system messages, sources and question alone come to about ${fit.neededTokens}. Shorten '${field}'.`,
      { field, reason: 'context_length_exceeded' },
    );
  }
  return {
    messages: fit.messages,
    parameters: {
      temperature: request.temperature ?? 0.7,
      top_p: request.topP ?? 0.9,
      max_tokens: fit.answerTokens,
      ...(request.stop.length === 0 ? {} : { stop: request.stop }),
      ...(request.seed === undefined ? {} : { seed: modelSeed(request.seed) }),
    },
    question,
    historyTurns: Math.floor(turns.length / 2),
    custom: extra.length > 0,
    dropped: fit.dropped,
  };
}

/** Any integer is a seed for OpenAI; model servers take 31 bits and read -1 as "choose one". */
const modelSeed = (seed: number): number => ((seed % 2 ** 31) + 2 ** 31) % 2 ** 31;
