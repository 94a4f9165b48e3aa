// What a model is asked for a question on the homepage: the system turn with its sources, as much of the
// conversation as the window holds, and the sampling parameters. The one place for it, so that whoever
// compares two models asks both as visitors do.

import { AppError } from './errors.ts';
import { CURRENT_PROMPT, type PromptVersion, systemPrompt } from './system-prompt.ts';
import { fitWindow, longestOf, type Window } from './window.ts';
import type { ChatMessage } from './wire/chat.ts';
import type { Source } from './wire/shared.ts';

/** With what a model answers, beside its weights. */
export interface AnswerSettings {
  promptVersion: PromptVersion;
  temperature: number;
  topP: number;
}

export const CURRENT_SETTINGS: AnswerSettings = {
  promptVersion: CURRENT_PROMPT,
  temperature: 0.7,
  topP: 0.9,
};

export interface Asked {
  question: string;
  /** Oldest first. */
  history: readonly ChatMessage[];
  sources: readonly Source[];
}

export interface VisitorPrompt {
  messages: ChatMessage[];
  parameters: { temperature: number; top_p: number; max_tokens: number };
}

/** Throws AppError invalid_request when the question and its sources alone are too long. */
export function visitorPrompt(
  { question, history, sources }: Asked,
  settings: AnswerSettings,
  window: Window,
): VisitorPrompt {
  const system = systemPrompt(settings.promptVersion, sources);
  const fit = fitWindow({ system, history, question }, window);
  if (fit.fits) {
    const { temperature, topP: top_p } = settings;
    return {
      messages: fit.messages,
      parameters: { temperature, top_p, max_tokens: fit.answerTokens },
    };
  }
  const field = longestOf([
    { name: 'message', text: question },
    { name: 'sources', text: system },
  ]);
  throw new AppError('invalid_request', 'This is too long for the assistant. Please shorten it.', {
    details: [
      `${field}: too long, the prompt comes to about ${fit.neededTokens} of ${fit.roomTokens} tokens`,
    ],
  });
}
