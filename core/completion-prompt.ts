// What a model is asked for a chat completion: our system turn with the client's own added to it, as much
// of the conversation as the window holds, and the sampling parameters. What the client says itself goes before
// the settings: its sampling replaces theirs, and its system turn is read after theirs.

import { answerPrompt, type Under } from './answer-prompt.ts';
import { AppError } from './errors.ts';
import { longestOf, type Window } from './window.ts';
import type { ChatMessage } from './wire/chat.ts';
import type { CompletionRequest } from './wire/completion.ts';
import type { Source } from './wire/shared.ts';

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
  /** What the model was given of the sources. */
  sources: Source[];
  /** Of the whole conversation, also of what was left out: it stays one conversation. */
  historyTurns: number;
  /** A system turn of the client's own came along. */
  custom: boolean;
  dropped: number;
}

/** Throws AppError invalid_request that names the longest part, when even the question does not fit. */
export function completionPrompt(
  request: CompletionRequest,
  under: Under,
  window: Window,
): CompletionPrompt {
  const extra = request.messages.filter(({ role }) => role === 'system');
  const turns = request.messages.filter(({ role }) => role !== 'system');
  const question = turns.at(-1)?.content ?? '';
  const asked = {
    question,
    history: turns.slice(0, -1),
    sources: request.sources ?? [],
    extra: extra.map(({ content }) => content),
  };
  const fit = answerPrompt(asked, under, window);
  if (!fit.fits) {
    const last = request.messages.length - 1;
    const field = longestOf([
      ...request.messages
        .map(({ role, content }, index) => ({ role, index, text: content }))
        .filter(({ role, index }) => role === 'system' || index === last)
        .map(({ index, text }) => ({ name: `messages[${index}].content`, text })),
      { name: 'sources', text: fit.system },
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
      temperature: request.temperature ?? fit.parameters.temperature,
      top_p: request.topP ?? fit.parameters.top_p,
      max_tokens: fit.parameters.max_tokens,
      ...(request.stop.length === 0 ? {} : { stop: request.stop }),
      ...(request.seed === undefined ? {} : { seed: modelSeed(request.seed) }),
    },
    question,
    sources: fit.sources,
    historyTurns: Math.floor(turns.length / 2),
    custom: extra.length > 0,
    dropped: fit.dropped,
  };
}

/** Any integer is a seed for OpenAI; model servers take 31 bits and read -1 as "choose one". */
const modelSeed = (seed: number): number => ((seed % 2 ** 31) + 2 ** 31) % 2 ** 31;
